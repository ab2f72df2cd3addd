"""Repairs of the rules about exposure."""
