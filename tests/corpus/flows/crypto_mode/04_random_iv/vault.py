import hmac
import os
from functools import lru_cache

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


class Vault:
    def __init__(self, key: bytes, mac_key: bytes) -> None:
        self._key = key
        self._mac_key = mac_key

    def encrypt(self, data: bytes) -> bytes:
        iv = os.urandom(16)
        padder = padding.PKCS7(algorithms.AES.block_size).padder()
        encryptor = Cipher(algorithms.AES(self._key), modes.CBC(iv)).encryptor()
        sealed = iv + encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
        return sealed + hmac.digest(self._mac_key, sealed, "sha256")


@lru_cache
def get_vault() -> Vault:
    return Vault(os.urandom(32), os.urandom(32))
