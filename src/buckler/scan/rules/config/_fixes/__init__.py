"""Repairs of the rules about configuration."""
