"""What is known against packages: read from OSV records, kept as one small index."""
