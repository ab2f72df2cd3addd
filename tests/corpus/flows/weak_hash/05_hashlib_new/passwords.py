import hashlib
import hmac

import config


def matches(password: str, stored: str) -> bool:
    digest = hashlib.new(config.DIGEST)
    digest.update(password.encode())
    return hmac.compare_digest(digest.hexdigest(), stored)
