"""What libraries do, as tables: other names of the same thing, what calls give, what is harmless."""
