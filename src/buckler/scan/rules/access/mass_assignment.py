"""ACC010: fields that the caller ought not to set are taken from the body."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange, Verdict
from buckler.scan.engines.observations import Observations
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.assignment import CALLS, assigned
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules.access._fixes.exclude import exclude


class MassAssignment(Rule):
    """A body sets fields that decide about rights, money or ownership.

    ## What it is
    The fields of the body are copied to the stored object as they come: ``Model(**payload.
    model_dump())``, a loop of ``setattr``, a table model as body, or a model with ``extra="allow"``.
    Fields such as ``role``, ``is_admin``, ``balance`` or ``owner_id`` are among them.

    ## Why it matters
    Users make themselves administrators, give themselves credit, or take over what belongs to others,
    by adding a line of JSON.

    ## How to fix
    Write one model for what may be sent, with ``extra="forbid"``, and set the rest in code:
    ``Note(owner_id=user.id, **payload.model_dump(include={"title", "text"}))``.
    ``buckler.guard.StrictModel`` takes no other fields from the start.

    ## How to check
    Send the field of the proof: the answer must be 422, or the stored value unchanged.

    ## Roll-out
    With ``extra="forbid"`` callers that send fields for which there is no use get 422.

    ## References
    CWE-915; OWASP API3:2023 Broken Object Property Level Authorization; ASVS 5.0 V15.3.3, V8.2.3.
    """

    id = "ACC010"
    name = "mass-assignment"
    title = "Mass assignment"
    severity = Severity.HIGH
    cwe = (915,)
    owasp = ("API3:2023", "A08:2021", "A08:2025")
    asvs = ("V15.3.3", "V8.2.3")
    control = "guard.StrictModel"
    fix = Fix(
        "take only the fields that may be sent",
        before="for name, value in payload.model_dump().items():\n    setattr(user, name, value)",
        after='user.full_name = payload.full_name  # model with extra="forbid"',
    )
    calls = CALLS
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from pydantic import BaseModel, ConfigDict

            app = FastAPI()
            ME = {"name": "alice", "role": "user"}


            class Change(BaseModel):
                model_config = ConfigDict(extra="allow")
                name: str = "alice"


            def user(x_key: str = Header("")) -> dict[str, object]:
                if x_key != "alice-key-1":
                    raise HTTPException(401)
                return ME


            @app.patch("/me")
            def change(payload: Change, me: dict[str, object] = Depends(user)) -> dict[str, object]:
                me.update(payload.model_dump(exclude_unset=True))
                return {"name": me["name"], "role": me["role"]}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\n',
            line=20,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            app = FastAPI()


            class SignUp(BaseModel):
                name: str = "casey"
                is_admin: bool = False


            @app.post("/users", status_code=201)
            def sign_up(payload: SignUp) -> dict[str, object]:
                return {"id": 1, **payload.model_dump()}
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from pydantic import BaseModel, ConfigDict
            from sqlalchemy import create_engine
            from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
            from sqlalchemy.pool import StaticPool

            app = FastAPI()
            engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


            class Base(DeclarativeBase):
                pass


            class Reader(Base):
                __tablename__ = "readers"
                id: Mapped[int] = mapped_column(primary_key=True)
                town: Mapped[str] = mapped_column(default="")
                loans_left: Mapped[int] = mapped_column(default=3)


            Base.metadata.create_all(engine)
            with Session(engine) as session:
                session.add(Reader(id=1))
                session.commit()


            class Change(BaseModel):
                model_config = ConfigDict(extra="allow")
                town: str = "Millbridge"


            def user(x_key: str = Header("")) -> int:
                if x_key != "alice-key-1":
                    raise HTTPException(401)
                return 1


            @app.patch("/card")
            def change(payload: Change, me: int = Depends(user)) -> dict[str, bool]:
                with Session(engine) as session:
                    reader = session.get(Reader, me)
                    for name, value in payload.model_dump().items():
                        setattr(reader, name, value)
                    session.commit()
                return {"ok": True}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\n',
        ),
        Example(
            """
            import sqlite3

            from fastapi import Depends, FastAPI, Header, HTTPException
            from pydantic import BaseModel

            app = FastAPI()
            db = sqlite3.connect(":memory:", check_same_thread=False)
            db.execute("CREATE TABLE notes (text TEXT, owner_id INTEGER)")


            class Note(BaseModel):
                text: str = "milk"
                owner_id: int = 1


            def user(x_key: str = Header("")) -> int:
                if x_key != "alice-key-1":
                    raise HTTPException(401)
                return 1


            @app.post("/notes", status_code=201)
            def write(note: Note, me: int = Depends(user)) -> dict[str, bool]:
                db.execute("INSERT INTO notes (text, owner_id) VALUES (:text, :owner_id)", note.model_dump())
                return {"ok": True}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\n',
        ),
        Example(
            """
            from fastapi import FastAPI

            from members import SignUp, join

            app = FastAPI()


            @app.post("/members", status_code=201)
            def sign_up(payload: SignUp) -> dict[str, str]:
                return {"name": join(payload)}
            """,
            files={
                "members.py": """
                from pydantic import BaseModel
                from sqlalchemy import create_engine
                from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
                from sqlalchemy.pool import StaticPool

                engine = create_engine(
                    "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
                )


                class Base(DeclarativeBase):
                    pass


                class Member(Base):
                    __tablename__ = "members"
                    id: Mapped[int] = mapped_column(primary_key=True)
                    name: Mapped[str] = mapped_column(default="")
                    is_staff: Mapped[bool] = mapped_column(default=False)


                Base.metadata.create_all(engine)


                class SignUp(BaseModel):
                    name: str = "casey"
                    is_staff: bool = False


                def join(payload: SignUp) -> str:
                    with Session(engine) as session:
                        session.add(Member(**payload.model_dump()))
                        session.commit()
                    return payload.name
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel
            from sqlalchemy import create_engine
            from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
            from sqlalchemy.pool import StaticPool

            app = FastAPI()
            engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


            class Base(DeclarativeBase):
                pass


            class Member(Base):
                __tablename__ = "members"
                id: Mapped[int] = mapped_column(primary_key=True)
                name: Mapped[str] = mapped_column(default="")
                town: Mapped[str] = mapped_column(default="")
                role: Mapped[str] = mapped_column(default="member")


            Base.metadata.create_all(engine)


            class SignUp(BaseModel):
                name: str = "casey"
                role: str = "member"


            @app.post("/members", status_code=201)
            def join(payload: SignUp) -> dict[str, str]:
                with Session(engine) as session:
                    session.add(Member(**payload.model_dump(exclude={"role"})))
                    session.commit()
                return {"name": payload.name}
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException
            from pydantic import BaseModel, ConfigDict

            app = FastAPI()
            ME = {"name": "alice", "role": "user"}


            class Change(BaseModel):
                model_config = ConfigDict(extra="forbid")
                name: str = "alice"


            class Setting(BaseModel):
                model_config = ConfigDict(extra="allow")
                theme: str = "dark"


            class Shelf(BaseModel):
                model_config = ConfigDict(extra="allow")
                title: str = "Novels"


            class Role(BaseModel):
                role: str = "user"


            def user(x_key: str = Header("")) -> dict[str, object]:
                if x_key == "admin-key-1":
                    return {"name": "olga", "role": "admin"}
                if x_key != "alice-key-1":
                    raise HTTPException(401)
                return ME


            def admin(me: dict[str, object] = Depends(user)) -> dict[str, object]:
                if me["role"] != "admin":
                    raise HTTPException(403)
                return me


            @app.patch("/me")
            def change(payload: Change, me: dict[str, object] = Depends(user)) -> dict[str, object]:
                me.update(payload.model_dump(include={"name"}))
                return {"name": me["name"], "role": me["role"]}


            @app.put("/me/settings")
            def settings(payload: Setting, me: dict[str, object] = Depends(user)) -> dict[str, object]:
                return payload.model_dump()


            @app.post("/shelves")
            def shelve(payload: Shelf, me: dict[str, object] = Depends(user)) -> dict[str, object]:
                return {"title": payload.title, "books": 0, "open": True}


            @app.put("/users/{number}/role")
            def set_role(number: int, payload: Role, me: dict[str, object] = Depends(admin)) -> Role:
                return payload
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.olga.role = "admin"\nidentities.olga.header = "X-Key: admin-key-1"\n',
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Fields of a request that become fields of what is stored."""
        return assigned(call)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The fields that decide left out of the dump that is stored."""
        return exclude(draft, finding)

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Privileged fields whose value was taken."""
        for key, taken in seen.assigned.items():
            operation = app.find(key)
            if operation is None:
                continue
            names = ", ".join(slot.partition(":")[2].rpartition(".")[2] for slot, _, _ in taken)
            slot, value, exchange = taken[0]
            who = exchange.request.identity or "nobody"
            yield self.found(
                f"{operation.key} lets {who} set {names}.",
                confidence=Confidence.PROVED,
                location=_where(operation, slot, value, exchange),
                proof=(shown(exchange, seen.identities, mark=str(value), why=f"{slot} was taken"),),
            )


def _where(operation: Operation, slot: str, value: object, exchange: Exchange) -> Location:
    """Where the value was stored, or else the handler."""
    for hit in exchange.answer.hits:
        if hit.sink == "store" and str(value) in hit.text and hit.frames:
            return Location(hit.frames[0][0], hit.frames[0][1], operation.key, slot)
    return at(operation, slot)
