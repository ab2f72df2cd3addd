"""Ready-made routes for accounts, that an application includes: sign-up to second factors, and administration."""
