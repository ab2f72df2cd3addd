"""ACC009: an object that belongs to somebody else is given or changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.access import is_public
from buckler.scan.rules._support.evidence import at, shown, with_stack


class ObjectOfAnotherUser(Rule):
    """Changing the identifier in the request gives access to somebody else's object.

    ## What it is
    The handler takes an identifier from the request and loads the object by it, without comparing whose
    it is with who is asking. A cache whose key leaves out who asks gives one person's answer to the next one, too.

    ## Why it matters
    Every user can read, change or delete the data of all others by counting through the identifiers.
    It is the most frequent serious weakness of interfaces.

    ## How to fix
    Put the owner into the statement: ``select(Order).where(Order.id == order_id, Order.user_id ==
    user.id)``, and answer 404. Do so in one dependency that all routes of the object use. ``owned(Order,
    id="order_id", owner=Order.user_id)`` of ``buckler.guard`` is such a dependency. Put the user into the key of a cache.

    ## How to check
    Ask as one user for the object of another: it must answer 404 or 403.

    ## Roll-out
    Staff that used the route for other people's objects needs one of its own, with a role.

    ## References
    CWE-639, CWE-524; OWASP API1:2023 Broken Object Level Authorization; ASVS 5.0 V8.2.2.
    """

    id = "ACC009"
    name = "object-of-another-user"
    title = "Object of another user"
    severity = Severity.HIGH
    cwe = (639,)
    owasp = ("API1:2023", "A01:2021", "A01:2025")
    asvs = ("V8.2.2",)
    control = "guard.access.owners"
    fix = Fix(
        "put the owner into the statement",
        before="order = await session.get(Order, order_id)",
        after="order = await session.scalar(\n    select(Order).where(Order.id == order_id, Order.user_id == user.id)\n)",
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            USERS = {"alice-key-1": "alice", "bob-key-1": "bob"}
            NOTES = [{"id": n, "owner": ("alice", "bob")[n % 2], "text": "…"} for n in range(1, 7)]


            def user(x_key: str = Header("")) -> str:
                if x_key not in USERS:
                    raise HTTPException(401)
                return USERS[x_key]


            @app.get("/notes")
            def notes(name: str = Depends(user)) -> list[dict[str, object]]:
                return [note for note in NOTES if note["owner"] == name]


            @app.get("/notes/{note_id}")
            def note(note_id: int, name: str = Depends(user)) -> dict[str, object]:
                found = [note for note in NOTES if note["id"] == note_id]
                if not found:
                    raise HTTPException(404)
                return found[0]
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.bob.header = "X-Key: bob-key-1"\n',
            line=20,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            USERS = {"alice-key-1": "alice", "bob-key-1": "bob"}
            NOTES = {n: ("alice", "bob")[n % 2] for n in range(1, 7)}


            def user(x_key: str = Header("")) -> str:
                if x_key not in USERS:
                    raise HTTPException(401)
                return USERS[x_key]


            @app.get("/notes")
            def notes(name: str = Depends(user)) -> list[dict[str, int]]:
                return [{"id": n} for n, owner in NOTES.items() if owner == name]


            @app.delete("/notes/{note_id}")
            def remove(note_id: int, name: str = Depends(user)) -> dict[str, bool]:
                return {"removed": NOTES.pop(note_id, None) is not None}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.bob.header = "X-Key: bob-key-1"\n',
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            USERS = {"alice-key-1": "alice", "bob-key-1": "bob"}
            SEATS: dict[int, str] = {}


            def user(x_key: str = Header("")) -> str:
                if x_key not in USERS:
                    raise HTTPException(401)
                return USERS[x_key]


            @app.post("/seats", status_code=201)
            def take(name: str = Depends(user)) -> dict[str, int]:
                SEATS[len(SEATS) + 1] = name
                return {"id": len(SEATS)}


            @app.put("/seats/{seat_id}")
            def turn(seat_id: int, name: str = Depends(user)) -> dict[str, str]:
                if SEATS.get(seat_id) != name:
                    raise HTTPException(404)
                return {"turned": "left"}


            @app.delete("/seats/{seat_id}")
            def leave(seat_id: int, name: str = Depends(user)) -> dict[str, bool]:
                if seat_id not in SEATS:
                    raise HTTPException(404)
                return {"own": SEATS.pop(seat_id) == name}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.bob.header = "X-Key: bob-key-1"\n',
            line=28,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            USERS = {"alice-key-1": "alice", "bob-key-1": "bob"}
            DONE: dict[str, dict[str, str]] = {}


            def user(x_key: str = Header("")) -> str:
                if x_key not in USERS:
                    raise HTTPException(401)
                return USERS[x_key]


            @app.get("/greeting")
            def greeting(name: str = Depends(user), season: str = "spring") -> dict[str, str]:
                if season not in DONE:
                    DONE[season] = {"for": name, "season": season}
                return DONE[season]
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.bob.header = "X-Key: bob-key-1"\n',
            line=16,
        ),
    )
    good = (
        Example(
            """
            from itertools import count

            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            USERS = {"alice-key-1": "alice", "bob-key-1": "bob"}
            DONE: dict[tuple[str, str], dict[str, str]] = {}
            NUMBERS = count(1)
            DRAWN: dict[str, int] = {}


            def user(x_key: str = Header("")) -> str:
                if x_key not in USERS:
                    raise HTTPException(401)
                return USERS[x_key]


            @app.get("/greeting")
            def greeting(name: str = Depends(user), season: str = "spring") -> dict[str, str]:
                return DONE.setdefault((name, season), {"for": name, "season": season})


            @app.get("/weather")
            def weather(name: str = Depends(user), town: str = "york") -> dict[str, str]:
                return {"town": town, "sky": "grey"}


            @app.get("/draw")
            def draw(name: str = Depends(user), pot: str = "red") -> dict[str, int]:
                return {"number": DRAWN.setdefault(pot, next(NUMBERS))}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.bob.header = "X-Key: bob-key-1"\n',
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header, HTTPException

            app = FastAPI()
            USERS = {"alice-key-1": "alice", "bob-key-1": "bob"}
            NOTES = [{"id": n, "owner": ("alice", "bob")[n % 2], "text": "…"} for n in range(1, 7)]


            def user(x_key: str = Header("")) -> str:
                if x_key not in USERS:
                    raise HTTPException(401)
                return USERS[x_key]


            @app.get("/notes")
            def notes(name: str = Depends(user)) -> list[dict[str, object]]:
                return [note for note in NOTES if note["owner"] == name]


            @app.get("/notes/{note_id}")
            def note(note_id: int, name: str = Depends(user)) -> dict[str, object]:
                found = [n for n in NOTES if n["id"] == note_id and n["owner"] == name]
                if not found:
                    raise HTTPException(404)
                return found[0]


            @app.get("/rates/{number}")
            def rate(number: int, name: str = Depends(user)) -> dict[str, float]:
                return {"rate": 4.5 + number}
            """,
            settings='identities.alice.header = "X-Key: alice-key-1"\nidentities.bob.header = "X-Key: bob-key-1"\n',
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """What one identity got of another."""
        for found in seen.foreign:
            operation, other = found.seen.operation, found.seen.request.identity
            if operation is None or is_public(operation, app):
                continue
            verb = "read" if operation.method == "GET" else "changed"
            place = at(operation, found.slot or None)
            if found.stack:
                place = replace(place, path=found.stack[0][0], line=found.stack[0][1])
            yield self.found(
                f"{other} {verb} with {operation.key} what belongs to {found.owner}.",
                confidence=Confidence.PROVED if found.named else Confidence.SUSPECTED,
                location=place,
                proof=(
                    with_stack(
                        shown(
                            found.seen,
                            seen.identities,
                            why=f"{other} gets the object of {found.owner}",
                        ),
                        found.stack,
                    ),
                    shown(
                        found.mine,
                        seen.identities,
                        why=f"{found.mine.request.identity} sees the same object",
                    ),
                ),
            )
