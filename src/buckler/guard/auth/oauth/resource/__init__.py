"""The server of resources: routes that take the access tokens of this or of any other issuer."""
