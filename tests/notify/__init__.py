"""Notifications arrive, and nothing else happens."""
