import os
from hashlib import scrypt


class Hasher:
    def hash(self, password: str) -> str:
        salt = os.urandom(16)
        digest = scrypt(password.encode(), salt=salt, n=2**17, r=8, p=1, maxmem=2**28)
        return salt.hex() + "$" + digest.hex()
