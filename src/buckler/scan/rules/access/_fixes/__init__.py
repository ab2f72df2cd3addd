"""Repairs of the rules about access."""
