KEY_SETS = frozenset({"https://login.shop.example/jwks", "https://sso.shop.example/keys"})
