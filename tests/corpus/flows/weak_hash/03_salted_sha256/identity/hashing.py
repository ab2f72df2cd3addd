import os
from hashlib import sha256


class Hasher:
    def hash(self, password: str) -> str:
        salt = os.urandom(16)
        digest = sha256(salt + password.encode("utf-8"))
        return salt.hex() + "$" + digest.hexdigest()
