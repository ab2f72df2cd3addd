DIGEST = "sha1"
