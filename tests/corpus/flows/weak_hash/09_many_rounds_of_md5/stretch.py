import hashlib


def stretch(password: str, rounds: int) -> str:
    value = password.encode()
    for _ in range(rounds):
        value = hashlib.md5(value).digest()
    return value.hex()
