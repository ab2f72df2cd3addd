"""Rules about errors; one file each."""
