"""Rules about auth; one file each."""
