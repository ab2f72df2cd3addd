"""One file for each grant (RFC 6749, 1.3); each takes a token request and says what is granted."""
