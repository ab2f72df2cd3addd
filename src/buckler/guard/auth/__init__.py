"""Who is it: passwords, tokens, keys, Basic, sessions and second factors."""
