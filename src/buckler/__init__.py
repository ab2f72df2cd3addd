"""Finds the security holes of a FastAPI application, proves each one, and says how to close it."""

__version__ = "0.1.0"
