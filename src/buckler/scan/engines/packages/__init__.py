"""Looks at manifests, locks and the other files of a project."""
