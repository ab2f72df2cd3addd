from dataclasses import dataclass, field

from .ids import new_id


@dataclass
class Session:
    user: str
    id: str = field(default_factory=new_id)


class SessionStore:
    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}

    def start(self, user: str) -> Session:
        session = Session(user)
        self.sessions[session.id] = session
        return session


_store = SessionStore()


def store() -> SessionStore:
    return _store
