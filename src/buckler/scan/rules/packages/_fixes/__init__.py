"""Repairs of requirements."""
