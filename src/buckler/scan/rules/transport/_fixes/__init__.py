"""Repairs of the rules about transport."""
