from pathlib import Path

from sqlmodel import Field, Relationship, Session, SQLModel, create_engine

FILE = Path(__file__).with_name("notes.db")
engine = create_engine(f"sqlite:///{FILE}", connect_args={"check_same_thread": False})

ANN = "44f780cdfd3f490a8096056e8f87383987eba17de0f1fb85c1f67cd5fc060208"
BEN = "a67563aee9cad1f9a3642cbd8df03a5c5dd0c954b1ed965dd32b10086a4d392c"


class Person(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    key_digest: str = Field(index=True)
    notes: list["Note"] = Relationship(back_populates="owner")


class NoteBase(SQLModel):
    title: str = Field(max_length=80)
    tag: str = Field(default="misc", max_length=20)
    text: str = Field(default="", max_length=2000)


class Note(NoteBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    owner_id: int | None = Field(default=None, foreign_key="person.id")
    owner: Person | None = Relationship(back_populates="notes")


class NoteIn(NoteBase):
    pass


class NoteOut(NoteBase):
    id: int


class PersonOut(SQLModel):
    id: int
    name: str


def prepare() -> None:
    SQLModel.metadata.drop_all(engine)
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        ann = Person(name="Ann", key_digest=ANN)
        ben = Person(name="Ben", key_digest=BEN)
        session.add_all([ann, ben])
        session.commit()
        session.add(Note(title="Milk", tag="shop", text="two", owner_id=ann.id))
        session.add(Note(title="Rent", tag="home", text="friday", owner_id=ben.id))
        session.commit()
