"""Rules about packages; one file each."""
