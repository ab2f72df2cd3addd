"""AUT002: the token decides how it is checked."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.model.application import AppModel
from buckler.scan.python.constants import texts
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.python.tokens import Reading, from_header, makings, readings
from buckler.scan.rules._support.forgeries import CALL, forged
from buckler.scan.rules._support.source import here

_EVERYTHING = (
    "get_default_algorithms",
    "ALL",
    "SUPPORTED",
    "get_algorithms",
    "requires_cryptography",
)


class JwtAlgorithmUnpinned(Rule):
    """The token's own header, or a list that is too wide, decides how its signature is checked.

    ## What it is
    ``algorithms`` holds ``none``, is taken from the token's header, is missing where the library
    then takes any, or mixes secret keys (HS256) with public ones (RS256, ES256).

    ## Why it matters
    With ``none`` a token needs no signature. With a mixed list the public key, which everybody may
    have, is taken as the secret of HS256, and anybody can sign.

    ## How to fix
    Name one algorithm, the one you sign with: ``algorithms=["HS256"]``. A ``SigningKey`` of
    ``buckler.guard`` has one algorithm, whatever a token says.

    ## How to check
    Send a token with ``{"alg": "none"}`` and an empty last part: the answer must be 401.

    ## Roll-out
    Tokens that were signed with another algorithm are refused; let them run out first.

    ## References
    CWE-347, CWE-327; RFC 8725, 3.1 and 3.2; OWASP API2:2023; ASVS 5.0 V9.1.2.
    """

    id = "AUT002"
    name = "jwt-algorithm-unpinned"
    title = "JWT algorithm not pinned"
    severity = Severity.HIGH
    cwe = (347, 327)
    owasp = ("API2:2023", "A02:2021", "A07:2025")
    asvs = ("V9.1.2",)
    control = "guard.auth.jwt"
    fix = Fix(
        'name one algorithm: algorithms=["HS256"]',
        before='jwt.decode(token, key, algorithms=["HS256", "none"])',
        after='jwt.decode(token, key, algorithms=["HS256"])',
        safe=True,
    )
    bad = (
        Example(
            """
            import os

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            KEY = os.environ.get("TOKEN_KEY", "")


            @app.get("/me")
            def me(x_token: str = Header(default="")) -> str:
                try:
                    return str(jwt.decode(x_token, KEY, algorithms=["HS256", "none"])["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error
            """,
            line=13,
        ),
        Example(
            """
            import secrets

            import jwt
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            KEY = secrets.token_bytes(32)


            def user(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))) -> str:
                try:
                    header = jwt.get_unverified_header(token)
                    return str(jwt.decode(token, KEY, algorithms=[header["alg"]])["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
            line=14,
        ),
        Example(
            """
            from pathlib import Path

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            ALGORITHMS = ["RS256", "HS256"]


            @app.get("/me")
            def me(x_token: str = Header(default="")) -> str:
                key = Path("public.pem").read_text() if Path("public.pem").exists() else ""
                try:
                    return str(jwt.decode(x_token, key, algorithms=ALGORITHMS)["sub"])
                except (jwt.PyJWTError, jwt.InvalidKeyError) as error:
                    raise HTTPException(401) from error
            """,
        ),
        Example(
            """
            import secrets

            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()
            KEY = secrets.token_hex(32)


            @app.get("/me")
            def me(x_token: str = Header(default="")) -> str:
                try:
                    signed = jwt.get_unverified_header(x_token)["alg"] != "none"
                    options = {"verify_signature": signed}
                    return str(jwt.decode(x_token, KEY, algorithms=["HS256", "none"], options=options)["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error
            """,
        ),
    )
    good = (
        Example(
            """
            import secrets

            import jwt
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import OAuth2PasswordBearer

            app = FastAPI()
            KEYS = {"2026": secrets.token_bytes(32)}


            def user(token: str = Depends(OAuth2PasswordBearer(tokenUrl="token"))) -> str:
                try:
                    key = KEYS[jwt.get_unverified_header(token)["kid"]]
                    return str(jwt.decode(token, key, algorithms=["HS256"])["sub"])
                except (jwt.PyJWTError, KeyError) as error:
                    raise HTTPException(401) from error


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Lists of algorithms that are too wide, and those that the token chooses."""
        index = index_of(module)
        for reading in readings(index):
            why, node = _why(index, reading)
            if why:
                place = here(index, node)
                found = self.found(why, confidence=Confidence.SUSPECTED, location=place)
                yield replace(found, context={CALL: reading.call.lineno})
        for call, _, _ in makings(index):
            if "none" in [a.lower() for a in texts(index, argument(call, "algorithm", 2))]:
                message = "A token is made without a signature: its algorithm is none."
                yield self.found(
                    message, confidence=Confidence.OBSERVED, location=here(index, call)
                )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Tokens without a signature that were taken."""
        return forged(
            self, "none", "A token whose header says that it has no signature is taken.", app, seen
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``none`` taken out of a list that holds others, and the token's say in whether it is checked.

        Which of several other algorithms is meant, a person knows.
        """
        line = finding.location.line or 0
        for reading in readings(draft.index):
            around = range(reading.call.lineno, (reading.call.end_lineno or 0) + 1)
            nodes = [n for n in (reading.algorithms, reading.flag) if n is not None]
            if line not in around and all(node.lineno != line for node in nodes):
                continue
            unasked = _checked_always(draft, reading)
            unsigned = _without_none(draft, reading)
            if unasked:
                return draft.repair(
                    "checks the signature of every token",
                    safe=False,
                    changes="tokens without a signature, whoever made them, are not taken any more",
                )
            if unsigned:
                return draft.repair("takes no token without a signature")
        return None


def _checked_always(draft: Draft, reading: Reading) -> bool:
    """Write ``True`` where the token's header decided whether its signature is checked."""
    flag = reading.flag
    if flag is None or reading.verified is not None or not from_header(draft.index, flag):
        return False
    draft.replace(flag, "True")
    return True


def _without_none(draft: Draft, reading: Reading) -> bool:
    node = reading.algorithms
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return False
    none = [n for n, item in enumerate(node.elts) if _is_none(item)]
    if not none or len(none) == len(node.elts):
        return False
    draft.remove_elements(node, *none)
    return True


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).lower() == "none"


def _why(index: Index, reading: Reading) -> tuple[str, ast.expr]:
    """What is wrong about a reading, and what is to blame for it; empty where nothing is."""
    call: ast.expr = reading.call
    if reading.flag is not None and reading.verified is None and from_header(index, reading.flag):
        return "The token's own header decides whether its signature is checked.", reading.flag
    if reading.verified is False:
        return "", call
    node = reading.algorithms
    if node is None:
        missing = reading.library == "jose" and reading.verified is True
        return ("No algorithm is named, so the token's header chooses it." if missing else ""), call
    if from_header(index, node):
        return "The algorithm is taken from the token's own header.", node
    if any(last(item) in _EVERYTHING for item in ast.walk(node)):
        return "Every algorithm of the library is allowed.", node
    named = [name.upper() for name in texts(index, node)]
    if "NONE" in named:
        return "The algorithm none is allowed, so a token needs no signature.", node
    if any(n.startswith("HS") for n in named) and any(
        n[:2] in ("RS", "ES", "PS", "ED") for n in named
    ):
        return (
            "Algorithms with a secret key and with a public one are allowed together, so the public key can be used to sign.",
            node,
        )
    return "", call
