"""Runs the application in a child process of its own, behind the walls of the box."""
