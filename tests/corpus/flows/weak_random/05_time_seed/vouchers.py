import random
import string
import time


class VoucherPrinter:
    alphabet = string.ascii_uppercase + string.digits

    def __init__(self) -> None:
        self._random = random.Random(int(time.time()))

    def secret_code(self) -> str:
        return "".join(self._random.choice(self.alphabet) for _ in range(12))
