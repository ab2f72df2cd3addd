"""How far a project comes to a package, and to what of it has a weakness."""
