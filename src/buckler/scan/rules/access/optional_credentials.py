"""ACC003: credentials that may be left out, and nobody looks whether they were."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.index import index_of
from buckler.scan.rules._support.absent import unsigned_passes
from buckler.scan.rules._support.access import (
    is_optional,
    is_public,
    open_to_nobody,
    why_protected,
)
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.gates import compares_unset
from buckler.scan.rules._support.optional import lax, missing
from buckler.scan.rules._support.source import here
from buckler.scan.rules.access._fixes.credentials import enforced


class OptionalCredentialsUnchecked(Rule):
    """A scheme with ``auto_error=False`` lets requests without a credential through.

    ## What it is
    With ``auto_error=False`` FastAPI hands ``None`` to the dependency where no credential was sent.
    Here neither the dependency nor the handler refuses ``None``. The same happens where it is compared
    with a setting that is not set: ``None == None``, so a wrong key is refused and no key is let in. A signature that is
    verified only where there is one, and an empty code that equals one that nobody has set, are of the same kind.

    ## Why it matters
    The route looks protected, in the code and in the documentation, and is open: leaving the header
    out is enough.

    ## How to fix
    Take ``auto_error=False`` away, or refuse ``None`` in the dependency: ``if user is None: raise
    HTTPException(401)``. Refuse a message without a signature, and a code that is empty. Keep the optional one for pages that really have something for visitors.
    ``authenticated`` of ``buckler.guard`` refuses, ``optional`` gives ``None`` on purpose.

    ## How to check
    Send the request without the credential: it must answer 401.

    ## Roll-out
    Callers without a credential get 401 from then on; see the access log who they are.

    ## References
    CWE-287; OWASP API2:2023 Broken Authentication; ASVS 5.0 V8.2.1.
    """

    id = "ACC003"
    name = "optional-credentials-unchecked"
    title = "Optional credentials are not checked"
    severity = Severity.HIGH
    cwe = (287, 306)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V8.2.1",)
    control = "guard.access"
    words = ("environ", "getenv", "compare_digest", "headers", "Header")
    fix = Fix(
        "refuse None: if user is None: raise HTTPException(401)",
        before='scheme = OAuth2PasswordBearer(tokenUrl="/token", auto_error=False)',
        after='scheme = OAuth2PasswordBearer(tokenUrl="/token")',
    )
    bad = (
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token", auto_error=False)


            def maybe_user(token: str | None = Depends(scheme)) -> str | None:
                if token is not None and token != "alice-token":
                    raise HTTPException(401)
                return token and "alice"


            @app.get("/admin/figures")
            def figures(user: str | None = Depends(maybe_user)) -> dict[str, int]:
                return {"orders": 12}
            """,
            line=15,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-Key", auto_error=False)
            alarms = ["fire"]


            @app.delete("/alarms")
            def silence(key: str | None = Depends(scheme)) -> int:
                alarms.clear()
                return 0
            """,
        ),
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-Service-Key", auto_error=False)


            def service(key: str | None = Depends(scheme)) -> str:
                if key != os.environ.get("TIDE_SERVICE_KEY"):
                    raise HTTPException(401)
                return "service"


            @app.get("/tides", dependencies=[Depends(service)])
            def tides() -> dict[str, int]:
                return {"high": 4}
            """,
            line=10,
        ),
        Example(
            """
            import hashlib
            import hmac

            from fastapi import FastAPI, Header, HTTPException, Request

            app = FastAPI()
            SECRET = b"0b1f6f7ac2b84b6f9ad6f0c4be0d8e11"


            @app.post("/parcels/arrived")
            async def arrived(request: Request, x_parcel_signature: str | None = Header(None)) -> dict[str, bool]:
                made = hmac.new(SECRET, await request.body(), hashlib.sha256).hexdigest()
                if x_parcel_signature and not hmac.compare_digest(x_parcel_signature, made):
                    raise HTTPException(401)
                return {"taken": True}
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI

            from checks import genuine

            app = FastAPI()


            @app.post("/payments/settled")
            async def settled(body: bytes = Depends(genuine)) -> int:
                return len(body)
            """,
            files={
                "checks.py": """
                import hmac

                from fastapi import HTTPException, Request

                KEY = b"5c1d3d0c6b0e4f6f8a6bd0b0a6d1c9e2"


                def code_of(body: bytes) -> str:
                    return hmac.digest(KEY, body, "sha256").hex()


                async def genuine(request: Request) -> bytes:
                    body = await request.body()
                    told = request.headers.get("X-Bank-Hmac")
                    if told is not None:
                        if not hmac.compare_digest(told.encode(), code_of(body).encode()):
                            raise HTTPException(403, "not from the bank")
                    return body
                """,
            },
        ),
        Example(
            """
            import hmac

            from fastapi import Body, FastAPI, HTTPException

            app = FastAPI()
            CODES = {"ann": "", "ben": "4b7a90"}


            @app.post("/devices/pair")
            def pair(name: str = Body("ann"), code: str = Body("")) -> dict[str, str]:
                kept = CODES.get(name, "ann")
                if not hmac.compare_digest(kept.encode(), code.encode()):
                    raise HTTPException(401)
                return {"paired": name}
            """,
        ),
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException, Request

            app = FastAPI()
            SWITCHES = {"colour": "blue", "back_door": os.environ.get("QUAY_BACK_DOOR")}


            def harbour_master(request: Request) -> str:
                if request.headers.get("x-back-door") == SWITCHES["back_door"]:
                    return "machine"
                raise HTTPException(401)


            @app.post("/berths", dependencies=[Depends(harbour_master)])
            def berth() -> int:
                return 4
            """,
            line=9,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import hmac

            from fastapi import Body, Depends, FastAPI, Header, HTTPException, Request

            app = FastAPI()
            SECRET = b"0b1f6f7ac2b84b6f9ad6f0c4be0d8e11"
            VISITORS = {"visitor-key-1": "ann"}
            CODES = {"ann": "", "ben": "4b7a90"}


            def code_of(body: bytes) -> str:
                return hmac.new(SECRET, body, hashlib.sha256).hexdigest()


            @app.post("/parcels/arrived")
            async def arrived(request: Request, x_parcel_signature: str | None = Header(None)) -> dict[str, bool]:
                if x_parcel_signature is None:
                    raise HTTPException(401)
                if x_parcel_signature and not hmac.compare_digest(x_parcel_signature, code_of(await request.body())):
                    raise HTTPException(401)
                return {"taken": True}


            async def genuine(request: Request) -> bytes:
                body = await request.body()
                told = request.headers.get("X-Bank-Hmac")
                if told is not None and hmac.compare_digest(told.encode(), code_of(body).encode()):
                    return body
                raise HTTPException(403)


            @app.post("/payments/settled")
            async def settled(body: bytes = Depends(genuine)) -> int:
                return len(body)


            def visitor(x_visitor: str | None = Header(None)) -> str | None:
                if x_visitor and not any(hmac.compare_digest(x_visitor, key) for key in VISITORS):
                    raise HTTPException(401)
                return x_visitor


            @app.get("/piers")
            def piers(who: str | None = Depends(visitor)) -> int:
                return 3


            @app.post("/devices/pair")
            def pair(name: str = Body("ann"), code: str = Body("")) -> dict[str, str]:
                kept = CODES.get(name, "")
                if not kept or not hmac.compare_digest(kept.encode(), code.encode()):
                    raise HTTPException(401)
                return {"paired": name}
            """,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/token", auto_error=False)


            def member(token: str | None = Depends(scheme)) -> str:
                if token != "alice-token":
                    raise HTTPException(401, "Open /sign-in")
                return "alice"


            @app.get("/admin/figures")
            def figures(user: str = Depends(member)) -> dict[str, int]:
                return {"orders": 12}


            @app.get("/products")
            def products(token: str | None = Depends(scheme)) -> list[str]:
                return ["spade"]
            """,
        ),
        Example(
            """
            import os

            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import APIKeyHeader

            app = FastAPI()
            scheme = APIKeyHeader(name="X-Service-Key", auto_error=False)
            visitor = APIKeyHeader(name="X-Visitor-Key", auto_error=False)


            def service(key: str | None = Depends(scheme)) -> str:
                wanted = os.environ.get("TIDE_SERVICE_KEY")
                if not wanted or key != wanted:
                    raise HTTPException(401)
                return "service"


            def known(key: str | None = Depends(visitor)) -> str | None:
                if key is not None and key != "visitor-key-1":
                    raise HTTPException(401)
                return key


            @app.get("/tides", dependencies=[Depends(service)])
            def tides() -> dict[str, int]:
                return {"high": 4}


            @app.get("/ports")
            def ports(who: str | None = Depends(known)) -> dict[str, int]:
                return {"ports": 3}
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Dependencies that compare a credential which may be missing with a setting that may be."""
        index = index_of(module)
        for function in index.functions:
            if compares_unset(index, function):
                yield self.found(
                    f"{function.name} lets everybody in where the setting is missing: None equals None.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, function),
                )
        for branch, name in unsigned_passes(index):
            yield self.found(
                f"A message without a signature is taken: {name} is verified only where there is one.",
                confidence=Confidence.SUSPECTED,
                location=here(index, branch),
            )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations that ought not to answer nobody, and did; what is missing or empty and was let in."""
        yield from missing(self, app, seen)
        for operation in app.operations:
            exchange = open_to_nobody(operation, seen)
            why = (
                why_protected(operation, app, seen, exchange)
                if exchange is not None and is_optional(operation)
                else ""
            )
            if exchange is not None and why:
                yield self.found(
                    f"{operation.key} takes requests without a credential although it has a scheme: {why}.",
                    confidence=Confidence.PROVED,
                    location=at(operation),
                    proof=(shown(exchange, seen.identities, why="answered without a credential"),),
                )
            elif operation.key in seen.lax and not is_public(operation, app):
                yield from lax(self, operation, seen)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A scheme that refuses by itself, and a setting that has to be there."""
        return enforced(draft, finding)
