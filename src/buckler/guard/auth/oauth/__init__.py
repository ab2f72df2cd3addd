"""OAuth 2 and OpenID Connect: an authorization server, a client and a resource server, in the application's own process."""
