"""Looks at a running site over HTTP: what a visitor can see, and with the user's word what an attacker can."""
