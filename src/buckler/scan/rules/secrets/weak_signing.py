"""SEC002: a key that can be guessed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import Value, number, value_of
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.python.keys import DRAWN, signing_keys, weak_keys, why_weak
from buckler.scan.python.literals import names_something
from buckler.scan.rules._support.forgeries import forged
from buckler.scan.rules._support.source import here, written
from buckler.scan.rules.secrets._fixes.environment import from_environment

_SIGNING = re.compile(
    r"^(?:\w+_)?(?:(?:jwt|jws|session|signing|sign|cookie|csrf|token|hmac|webhook|form|auth|app|flask|access_token|refresh_token)_?"
    r"(?:secret|key|secret_key|signing_key|signing_secret)|secret_?key|signing_?(?:key|secret)|jwt_?secret(?:_key)?|secret)$",
    re.IGNORECASE,
)
_SETTINGS = re.compile(r"Settings|Config|Configuration|Options|Env$", re.IGNORECASE)
LEAST = 16


class WeakSigningSecret(Rule):
    """What is signed can be forged, because the key is short or well known.

    ## What it is
    Tokens, session cookies, links or webhooks are signed with a key of fewer than 32 bytes, or with
    one of those that everybody tries first: ``secret``, ``changeme``, the one of a tutorial.

    ## Why it matters
    One signed value is enough to try keys against, millions a second, on the attacker's own machine
    and unseen. With the key anybody is the administrator.

    ## How to fix
    ``python -c "import secrets; print(secrets.token_urlsafe(64))"`` into the environment, no default in
    the code, and a check at start-up: ``jwt_secret: SecretStr = Field(min_length=43)``.
    ``SigningKey.from_secret(…)`` and ``Guard(app, secret=…)`` of ``buckler.guard`` refuse one that is
    short or can be guessed.

    ## How to check
    Count the bytes; give a token of your own to a cracker with a list of common keys.

    ## Roll-out
    A new key ends all sessions. Where that hurts, read with the old and the new one for a while and
    sign only with the new.

    ## References
    CWE-326, CWE-1391; RFC 7518, 3.2; OWASP API2:2023; ASVS 5.0 V11.2.3 and V13.2.3.
    """

    id = "SEC002"
    name = "weak-signing-secret"
    title = "Weak signing secret"
    severity = Severity.HIGH
    cwe = (326, 1391, 521, 798)
    owasp = ("API2:2023", "A02:2021", "A04:2025")
    asvs = ("V11.2.3", "V13.2.3")
    control = "guard.auth.jwt"
    fix = Fix(
        "64 random bytes from the environment: jwt_secret: SecretStr = Field(min_length=43)",
        before='jwt_secret: str = "changeme"',
        after="jwt_secret: SecretStr = Field(min_length=43)",
        safe=True,
    )
    bad = (
        Example(
            """
            import os
            import time

            import jwt
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            SECRET = os.getenv("SHOP_SECRET", "changeme")


            def user(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))) -> str:
                try:
                    return str(jwt.decode(token, SECRET, algorithms=["HS256"])["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error


            @app.post("/token")
            def token(name: str) -> str:
                return jwt.encode({"sub": name, "exp": time.time() + 600}, SECRET, algorithm="HS256")


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
            line=9,
        ),
        Example(
            """
            from fastapi import FastAPI
            from starlette.middleware.sessions import SessionMiddleware

            from settings import settings

            app = FastAPI()
            app.add_middleware(SessionMiddleware, secret_key=settings.cookies.pepper, https_only=True)


            @app.get("/")
            def home() -> str:
                return "open"
            """,
            files={
                "settings.py": """
                class Cookies:
                    pepper: str = "oak-barrel-19"


                class Everything:
                    cookies: Cookies = Cookies()


                settings = Everything()
                """
            },
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI
            from itsdangerous import URLSafeTimedSerializer

            app = FastAPI()
            links = URLSafeTimedSerializer(secrets.token_hex(4))


            @app.post("/links")
            def link(name: str) -> str:
                return str(links.dumps(name))
            """,
            line=7,
        ),
    )
    good = (
        Example(
            """
            import os
            import secrets
            import time

            import jwt
            from fastapi import FastAPI
            from starlette.middleware.sessions import SessionMiddleware

            app = FastAPI()
            SECRET = os.getenv("SHOP_SECRET") or secrets.token_urlsafe(64)
            app.add_middleware(SessionMiddleware, secret_key=secrets.token_hex(32), https_only=True)
            secret_santa = "secret"


            @app.post("/token")
            def token(name: str) -> str:
                return jwt.encode({"sub": name, "exp": time.time() + 600}, SECRET, algorithm="HS256")
            """,
        ),
        Example(
            """
            import hashlib
            import hmac
            import os

            from fastapi import FastAPI

            app = FastAPI()
            SALT = b"shop links"


            def derived(secret: bytes, purpose: bytes) -> bytes:
                extracted = hmac.new(SALT, secret, hashlib.sha256).digest()
                return hmac.new(extracted, purpose + b"\\x01", hashlib.sha256).digest()


            @app.get("/links/{number}")
            def link(number: int) -> str:
                key = derived(os.environ["SHOP_SECRET"].encode(), b"links")
                return hmac.new(key, str(number).encode(), hashlib.sha256).hexdigest()
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Keys that are constants and weak, and fields of settings that are named like keys."""
        index = index_of(module)
        seen: set[tuple[str, int]] = set()
        used = [(v, why, Confidence.OBSERVED) for v, why in weak_keys(index)]
        for value, why, confidence in (
            *used,
            *((v, why, Confidence.SUSPECTED) for v, why in _fields(index)),
        ):
            key = (value.path, value.node.lineno)
            if key not in seen:
                seen.add(key)
                message = f"The key that signs is weak, and stands in the source: {why}."
                yield self.found(message, confidence=confidence, location=written(value))
        for drawn in signing_keys(index):
            short = _few_bytes(index, drawn.node)
            if short is not None:
                message = f"The key that signs has {short} random bytes where 32 are asked for."
                yield self.found(
                    message, confidence=Confidence.SUSPECTED, location=here(index, drawn.call)
                )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Tokens that were signed with a guessed key and taken."""
        return forged(
            self,
            "key",
            "The key that signs tokens was guessed: it is one that is tried first.",
            app,
            seen,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The environment in the place of a weak key, and 32 bytes where fewer are drawn."""
        for call in draft.calls_at(finding):
            for key in signing_keys(draft.index):
                drawn = _drawn(draft.index, key.node) if key.call is call else None
                if drawn is not None and _few_bytes(draft.index, drawn) is not None:
                    count = argument(drawn, "nbytes", 0)
                    if isinstance(count, ast.Constant):
                        draft.replace(count, "32")
                        # A key that is drawn at start holds until the next one, long or short.
                    return draft.repair("draws 32 random bytes for the key")
        name = from_environment(draft, finding.location.line or 0)
        return draft.repair(
            f"reads {name} from the environment",
            safe=False,
            changes=f"the application does not start until {name} is set to 32 random bytes or more; what "
            "was signed before does not hold any more",
        )


def _fields(index: Index) -> Iterator[tuple[Value, str]]:
    """Fields of a settings class and constants whose name says that they sign."""
    for annotated in index.settings():
        owner = index.parents.get(annotated)
        target = annotated.target if isinstance(annotated, ast.AnnAssign) else annotated.targets[0]
        in_class = isinstance(owner, ast.ClassDef) and (
            _SETTINGS.search(owner.name) or any(_SETTINGS.search(last(b)) for b in owner.bases)
        )
        if not (in_class or isinstance(owner, ast.Module)) or not _SIGNING.match(last(target)):
            continue
        value = value_of(index, annotated.value)
        if value is None or names_something(last(target), str(value.value)):
            continue
        if value.path == index.path and (why := why_weak(value)):
            yield value, why


def _few_bytes(index: Index, node: ast.expr) -> int | None:
    """How many random bytes a key has, where they are too few."""
    drawn = _drawn(index, node)
    count = number(index, argument(drawn, "nbytes", 0)) if drawn is not None else None
    return count if count is not None and count < LEAST else None


def _drawn(index: Index, node: ast.expr) -> ast.Call | None:
    """The call that draws a key: beside its use, or where the name is set."""
    for item in (node, *index.values(node)):
        while (
            isinstance(item, ast.Call)
            and isinstance(item.func, ast.Attribute)
            and item.func.attr == "encode"
        ):
            item = item.func.value
        if isinstance(item, ast.Call) and index.name(item.func) in DRAWN:
            return item
    return None
