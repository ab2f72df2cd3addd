import uuid


class ResetTokens:
    def __init__(self) -> None:
        self._by_token: dict[str, str] = {}

    def new(self, email: str) -> str:
        reset_token = str(uuid.uuid1())
        self._by_token[reset_token] = email
        return reset_token
