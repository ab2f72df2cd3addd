"""Rules about logging; one file each."""
