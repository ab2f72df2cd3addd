"""Reports that come in, ours and those of other tools, read as data of strangers."""
