import os

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fastapi import Body, FastAPI

app = FastAPI()
KEY = os.urandom(32)


@app.post("/seal")
def seal(text: str = Body(embed=True)):
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()
    return {"data": (encryptor.update(padded) + encryptor.finalize()).hex()}
