import hashlib

CURRENT = 1


def plain_sha512(password: str) -> str:
    return hashlib.sha512(password.encode()).hexdigest()


def stretched(password: str) -> str:
    return hashlib.scrypt(password.encode(), salt=b"0123456789abcdef", n=2**14, r=8, p=5).hex()


SCHEMES = {1: plain_sha512, 2: stretched}
