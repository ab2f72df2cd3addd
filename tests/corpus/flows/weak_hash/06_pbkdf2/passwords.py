import hashlib
import hmac

import config


def matches(password: str, stored: str) -> bool:
    digest = hashlib.pbkdf2_hmac(config.DIGEST, password.encode(), b"shop-salt-of-16b", config.ROUNDS)
    return hmac.compare_digest(digest.hex(), stored)
