import random as rnd
from string import ascii_letters, digits


def first_password(length: int) -> str:
    letters = list(ascii_letters + digits)
    rnd.shuffle(letters)
    password = letters[:length]
    return "".join(password)
