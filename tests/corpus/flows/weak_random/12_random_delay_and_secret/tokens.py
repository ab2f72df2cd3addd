import os
from random import randint


class ResetTokens:
    def __init__(self) -> None:
        self._by_token: dict[str, str] = {}

    def new(self, email: str) -> tuple[str, int]:
        delay = randint(30, 60)
        reset_token = os.urandom(24).hex()
        self._by_token[reset_token] = email
        return reset_token, delay
