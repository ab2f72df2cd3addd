import hashlib
import secrets


def salted(password: str) -> str:
    salt = secrets.token_hex(8)
    digest = hashlib.new("sha256")
    digest.update((salt + password).encode())
    return salt + "$" + digest.hexdigest()


def stretched(password: str, rounds: int = 600_000) -> str:
    salt = secrets.token_bytes(16)
    key = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds)
    return f"{rounds}${salt.hex()}${key.hex()}"


def memory_hard(password: str) -> str:
    salt = secrets.token_bytes(16)
    key = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=5)
    return f"{salt.hex()}${key.hex()}"
