"""Rules about headers; one file each."""
