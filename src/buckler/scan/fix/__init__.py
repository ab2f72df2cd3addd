"""Closes what a scan found: drafts a repair, proves it in a copy of the project, writes it."""
