"""Follows input from a request to where it does harm, through the whole project.

The program is run abstractly: modules are executed once, then each entry point (a route, a view) with
input in its parameters. What a value may be, where it came from and what has made it harmless for which
sink travels with it. Nothing of the project is imported.
"""
