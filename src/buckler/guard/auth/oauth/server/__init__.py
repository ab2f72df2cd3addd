"""The authorization server: one file for each endpoint and each grant."""
