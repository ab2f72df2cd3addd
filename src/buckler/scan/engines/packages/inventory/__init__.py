"""What a project is made of: what its locks, manifests, environments and wheels say."""
