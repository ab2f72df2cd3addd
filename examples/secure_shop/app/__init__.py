"""Acorn & Oak: the online shop again, written with care."""
