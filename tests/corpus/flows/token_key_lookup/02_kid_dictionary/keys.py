import secrets

KEYS = {"2024-01": secrets.token_hex(32), "2024-02": secrets.token_hex(32)}
