"""Acorn & Oak: a small online shop for garden and kitchen goods."""
