"""What lies in an environment beside the metadata that the inventory reads."""
