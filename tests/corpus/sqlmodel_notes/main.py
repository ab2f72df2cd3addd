import hashlib
import uuid
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import (
    APIRouter,
    Depends,
    FastAPI,
    HTTPException,
    Query,
    Security,
    UploadFile,
)
from fastapi.security import APIKeyHeader
from sqlalchemy import text
from sqlmodel import Session, col, select

from models import Note, NoteIn, NoteOut, Person, PersonOut, engine, prepare

ATTACHED = Path(__file__).with_name("attached")
key_header = APIKeyHeader(name="X-API-Key")


@asynccontextmanager
async def lifespan(_: FastAPI):
    ATTACHED.mkdir(exist_ok=True)
    prepare()
    yield


def get_session():
    with Session(engine) as session:
        yield session


Db = Annotated[Session, Depends(get_session)]


def person(db: Db, key: Annotated[str, Security(key_header)]) -> Person:
    digest = hashlib.sha256(key.encode()).hexdigest()
    found = db.exec(select(Person).where(Person.key_digest == digest)).first()
    if found is None:
        raise HTTPException(401)
    return found


Me = Annotated[Person, Depends(person)]


def owned(note_id: int, db: Db, me: Me) -> Note:
    note = db.get(Note, note_id)
    if note is None or note.owner_id != me.id:
        raise HTTPException(404)
    return note


app = FastAPI(title="Notes", lifespan=lifespan)
notes = APIRouter(prefix="/notes", dependencies=[Depends(person)])


@notes.get("", response_model=list[NoteOut])
def list_notes(db: Db, me: Me, offset: int = 0, limit: int = 20):
    statement = select(Note).where(Note.owner_id == me.id)
    return db.exec(statement.offset(offset).limit(limit)).all()


@notes.get("/page", response_model=list[NoteOut])
def page(
    db: Db,
    me: Me,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
):
    statement = select(Note).where(Note.owner_id == me.id)
    return db.exec(statement.offset(offset).limit(limit)).all()


@notes.post("", status_code=201)
def add_note(note: Note, db: Db, me: Me):
    note.id = None
    note.owner_id = note.owner_id or me.id
    db.add(note)
    db.commit()
    return {"id": note.id, "owner": note.owner_id}


@notes.post("/drafts", status_code=201)
def add_draft(note: NoteIn, db: Db, me: Me):
    draft = Note(**note.model_dump(), owner_id=me.id)
    db.add(draft)
    db.commit()
    return {"id": draft.id, "owner": draft.owner_id}


@notes.get("/find")
def find(db: Db, me: Me, words: str = "milk"):
    clause = " OR ".join(f"title LIKE '%{word}%'" for word in words.split(","))
    statement = select(Note).where(Note.owner_id == me.id).where(text(f"({clause})"))
    return [note.title for note in db.exec(statement)]


@notes.get("/tagged")
def tagged(db: Db, me: Me, words: str = "shop"):
    statement = select(Note).where(Note.owner_id == me.id)
    statement = statement.where(col(Note.tag).in_(words.split(",")))
    return [note.title for note in db.exec(statement)]


@notes.get("/{note_id}", response_model=NoteOut)
def read_note(note: Annotated[Note, Depends(owned)]):
    return note


@notes.put("/{note_id}")
def write_note(note_id: int, change: NoteIn, db: Db, me: Me):
    note = db.get(Note, note_id)
    if note is None:
        raise HTTPException(404)
    note.sqlmodel_update(change.model_dump(exclude_unset=True))
    db.add(note)
    db.commit()
    return {"id": note_id, "title": note.title}


@notes.post("/{note_id}/files", status_code=201)
async def attach(note: Annotated[Note, Depends(owned)], file: UploadFile):
    content = await file.read(1_000_000)
    target = ATTACHED.joinpath(f"{note.id}-{file.filename}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return {"size": len(content)}


@notes.post("/{note_id}/pictures", status_code=201)
async def attach_picture(note: Annotated[Note, Depends(owned)], file: UploadFile):
    content = await file.read(1_000_000)
    ATTACHED.joinpath(f"{note.id}-{uuid.uuid4()}.img").write_bytes(content)
    return {"size": len(content), "name": file.filename}


people = APIRouter(prefix="/people")


@people.get("")
def everybody(db: Db, me: Me):
    return db.exec(select(Person).order_by(Person.name).limit(50)).all()


@people.get("/names", response_model=list[PersonOut])
def names(db: Db, me: Me):
    return db.exec(select(Person).order_by(Person.name).limit(50)).all()


@people.delete("/{person_id}/notes")
def forget(person_id: int, db: Db):
    gone = db.exec(select(Note).where(Note.owner_id == person_id)).all()
    for note in gone:
        db.delete(note)
    db.commit()
    return {"deleted": len(gone)}


app.include_router(notes)
app.include_router(people)
