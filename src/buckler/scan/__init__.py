"""Looks at an application from every side it can, and reports findings with their evidence."""
