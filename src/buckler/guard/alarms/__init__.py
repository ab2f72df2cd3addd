"""Detectors over the security events: what happens too often, or should never happen."""
