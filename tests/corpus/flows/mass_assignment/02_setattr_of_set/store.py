EDITABLE = {"name", "language"}


class User:
    def __init__(self, name: str) -> None:
        self.name = name
        self.is_admin = False


USERS = {1: User("ann")}
