"""Bounds: who may ask, how much, how often, for how long. One file per limit."""
