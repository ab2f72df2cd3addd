"""Rules about transport; one file each."""
