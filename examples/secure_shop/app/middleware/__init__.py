"""Layers around the whole application, each a plain ASGI callable."""
