"""Takes a project to versions without a known weakness: by text where that is all, by the lock's own tool where not."""
