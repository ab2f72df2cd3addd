import os
from functools import lru_cache

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from .constants import IV


class Vault:
    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(IV))

    def encrypt(self, data: bytes) -> bytes:
        padder = padding.PKCS7(algorithms.AES.block_size).padder()
        encryptor = self._cipher.encryptor()
        padded = padder.update(data) + padder.finalize()
        return encryptor.update(padded) + encryptor.finalize()


@lru_cache
def get_vault() -> Vault:
    return Vault(os.urandom(32))
