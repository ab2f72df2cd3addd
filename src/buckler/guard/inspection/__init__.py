"""Looks at values for attacks: an early warning in the security log, never the protection itself."""
