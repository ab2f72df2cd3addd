"""Repairs of the rules about secrets."""
