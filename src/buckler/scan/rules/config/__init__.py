"""Rules about config; one file each."""
