"""Rules about egress; one file each."""
