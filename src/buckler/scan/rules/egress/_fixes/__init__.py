"""Repairs of the rules about outgoing requests."""
