"""Reads the source: every file is parsed, what does not parse is a gap, never skipped in silence."""
