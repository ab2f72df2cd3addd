"""Reads Python source for the rules: names, scopes and constants, across the files of a project."""
