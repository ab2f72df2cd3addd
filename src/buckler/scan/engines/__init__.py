"""Looks at an application, each in its own way."""
