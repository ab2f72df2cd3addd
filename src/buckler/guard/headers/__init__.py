"""Response headers: one file each, a policy that names them, and a writer that puts them in."""
