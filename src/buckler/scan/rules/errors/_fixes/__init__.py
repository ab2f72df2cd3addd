"""Repairs of the rules about errors."""
