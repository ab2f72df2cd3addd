"""Rules about exposure; one file each."""
