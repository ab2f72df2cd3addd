"""Second factors: one-time passwords by time, recovery codes, passkeys."""
