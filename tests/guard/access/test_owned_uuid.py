"""Owners in a column of UUIDs: an account's id is the same number, written without dashes."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import NullPool

from buckler.guard import owned
from tests.guard.access.shop import client, shop


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[uuid.UUID]


ANN = uuid.UUID("12345678-1234-5678-1234-567812345678")
BOB = uuid.UUID("87654321-1234-5678-1234-567812345678")


def test_an_owner_is_known_by_a_uuid(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path}/notes.db"
    engine = create_engine(address, connect_args={"check_same_thread": False}, poolclass=NullPool)
    Base.metadata.create_all(engine)
    with Session(engine) as filling:
        filling.add_all((Note(id=1, user_id=ANN), Note(id=2, user_id=BOB)))
        filling.commit()

    def session() -> Iterator[Session]:
        with Session(engine) as opened:
            yield opened

    app = FastAPI()

    @app.get("/notes/{note_id}")
    async def read(
        note: Annotated[Note, owned(Note, id="note_id", owner=Note.user_id, session=session)],
    ) -> int:
        return note.id

    made = shop(app)
    keys = [made.add(ANN.hex), made.add(str(BOB))]
    with client(app) as browser:
        seen = [
            [browser.get(f"/notes/{n}", headers={"X-API-Key": key}).status_code for n in (1, 2)]
            for key in keys
        ]
    engine.dispose()
    assert seen == [[200, 404], [404, 200]]
