"""Scans in processes of their own, with limits, and the code of others brought here."""
