"""Rules about injection; one file each."""
