from .hashing import Hasher


class Accounts:
    def __init__(self, hasher: Hasher) -> None:
        self.hasher = hasher
        self.rows: dict[str, str] = {}

    def add(self, name: str, password: str) -> None:
        self.rows[name] = self.hasher.hash(password)


_accounts = Accounts(Hasher())


def accounts() -> Accounts:
    return _accounts
