"""Rules about access; one file each."""
