import os

from cryptography.hazmat.decrepit.ciphers import algorithms
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes

KEY = os.urandom(24)


def seal(number: str) -> bytes:
    vector = os.urandom(8)
    padder = padding.PKCS7(64).padder()
    padded = padder.update(number.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.TripleDES(KEY), modes.CBC(vector)).encryptor()
    return vector + encryptor.update(padded) + encryptor.finalize()
