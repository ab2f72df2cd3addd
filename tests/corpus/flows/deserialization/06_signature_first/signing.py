import hmac
import os
from hashlib import sha256

from fastapi import HTTPException


class Signer:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def unsign(self, payload: str, signature: str) -> bytes:
        data = bytes.fromhex(payload)
        expected = hmac.new(self._key, data, sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise HTTPException(403, "bad signature")
        return data


_signer = Signer(os.urandom(32))


def get_signer() -> Signer:
    return _signer
