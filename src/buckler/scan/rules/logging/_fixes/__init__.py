"""Repairs of the rules about logging."""
