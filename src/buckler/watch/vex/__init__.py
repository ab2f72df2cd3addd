"""Statements about known weaknesses of packages (VEX): those that are given for a target, and those that it gives."""
