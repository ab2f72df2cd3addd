import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = os.urandom(16)


def encryptor_for():
    start = os.urandom(16)
    return start, Cipher(algorithms.AES(KEY), modes.CTR(start)).encryptor()
