"""The pages by what they show; each calls the functions that the interface for programs calls."""
