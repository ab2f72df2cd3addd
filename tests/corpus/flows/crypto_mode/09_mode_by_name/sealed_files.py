import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY = os.urandom(16)
PROFILES = {
    "compact": lambda: modes.ECB(),
    "standard": lambda: modes.CTR(os.urandom(16)),
}


def encryptor_for(profile: str):
    return Cipher(algorithms.AES(KEY), PROFILES[profile]()).encryptor()
