"""AUT001: claims of a token are believed although its signature was not checked."""

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
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.python.only_logged import only_logged
from buckler.scan.python.tokens import passed_options, readings
from buckler.scan.rules._support.forgeries import forged
from buckler.scan.rules._support.source import here
from buckler.scan.rules.auth._fixes.signed_here import give_key, is_empty, signed_here

ROUTING = frozenset({"kid", "iss", "tid", "alg", "azp", "typ"})
_CHECKS = re.compile(r"^(compare_digest|verify\w*|check_signature|validate_signature)$")
_TOKEN = re.compile(r"token|jwt|bearer|credential|assertion", re.IGNORECASE)
MESSAGE = (
    "The claims of a token are read without its signature being checked, so anybody can write them."
)


class JwtSignatureNotVerified(Rule):
    """A JSON Web Token is believed although nobody checked its signature.

    ## What it is
    The token is decoded with ``verify_signature`` off, with ``get_unverified_claims``, or by taking
    its middle part apart by hand. What the claims say is then whatever the sender wrote.

    ## Why it matters
    Anybody can write ``{"sub": "admin"}``, encode it and be the administrator. No key is needed.

    ## How to fix
    Decode with the key and one algorithm: ``jwt.decode(token, key, algorithms=["HS256"])``. If the issuer
    must be known before the key can be chosen, read only that, and decode again with the key.
    ``TokenVerifier`` of ``buckler.guard`` gives no claims of a token that is not signed.

    ## How to check
    Change one letter of a token's last part: the answer must be 401.

    ## Roll-out
    Tokens signed with another key stop working; those who hold them sign in again.

    ## References
    CWE-347; RFC 7519, 7.2; RFC 8725, 3.1; OWASP API2:2023; ASVS 5.0 V9.1.1.
    """

    id = "AUT001"
    name = "jwt-signature-not-verified"
    title = "JWT signature not verified"
    severity = Severity.CRITICAL
    cwe = (347,)
    owasp = ("API2:2023", "A02:2021", "A07:2025")
    asvs = ("V9.1.1",)
    control = "guard.auth.jwt"
    fix = Fix(
        'decode with the key: jwt.decode(token, key, algorithms=["HS256"])',
        before='jwt.decode(token, options={"verify_signature": False})',
        after='jwt.decode(token, KEY, algorithms=["HS256"])',
        safe=True,
    )
    bad = (
        Example(
            """
            import jwt
            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            def claims_of(authorization: str) -> dict[str, str]:
                token = authorization.removeprefix("Bearer ")
                try:
                    return jwt.decode(token, options={"verify_signature": False})
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error


            @app.get("/me")
            def me(authorization: str = Header(default="")) -> str:
                return str(claims_of(authorization).get("sub"))
            """,
            line=10,
        ),
        Example(
            """
            import base64
            import json

            from fastapi import FastAPI, Header, HTTPException

            app = FastAPI()


            @app.get("/me")
            def me(authorization: str = Header(default="")) -> str:
                token = authorization.removeprefix("Bearer ")
                try:
                    payload = token.split(".")[1]
                    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
                except (IndexError, ValueError) as error:
                    raise HTTPException(401) from error
                return str(claims["sub"])
            """,
            line=14,
        ),
        Example(
            """
            import jwt
            from fastapi import Depends, FastAPI
            from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

            app = FastAPI()
            OPTIONS = {"verify_signature": False, "verify_exp": True}


            def user(sent: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> str:
                return str(jwt.decode(sent.credentials, "", algorithms=["HS256"], options=OPTIONS)["sub"])


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
        ),
        Example(
            """
            import os

            import jwt
            from fastapi import Depends, FastAPI
            from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

            app = FastAPI()
            KEY = os.environ.get("TOKEN_KEY", "")


            def user(sent: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> str:
                claims = jwt.decode(
                    sent.credentials,
                    KEY,
                    algorithms=["HS256"],
                    options={"verify_signature": False, "require": ["exp"]},
                )
                return str(claims["sub"])


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
        ),
    )
    good = (
        Example(
            """
            import secrets

            import jwt
            from fastapi import Depends, FastAPI, HTTPException
            from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

            app = FastAPI()
            KEYS = {"shop": secrets.token_bytes(32), "mill": secrets.token_bytes(32)}


            def user(sent: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> str:
                token = sent.credentials
                try:
                    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
                    claims = jwt.decode(token, KEYS[issuer], algorithms=["HS256"], options={"require": ["exp"]})
                except (jwt.PyJWTError, KeyError) as error:
                    raise HTTPException(401) from error
                return str(claims["sub"])


            @app.get("/me")
            def me(name: str = Depends(user)) -> str:
                return name
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Readings without a check, unless what was read is checked afterwards."""
        index = index_of(module)
        for call in (*_unverified(index), *_by_hand(index)):
            harmless = _only_routing(index, call) or only_logged(index, call)
            if not harmless and not _checked_too(index, call):
                yield self.found(
                    MESSAGE, confidence=Confidence.SUSPECTED, location=here(index, call)
                )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Tokens with any signature that were taken."""
        return forged(
            self,
            "signature",
            "A token is taken whatever its signature is, so anybody can write one.",
            app,
            seen,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The check turned on where the call has a key, or the file signs every token with one."""
        for reading in readings(draft.index):
            around = range(reading.call.lineno, (reading.call.end_lineno or 0) + 1)
            key, options = reading.key, argument(reading.call, "options", 3)
            if finding.location.line not in around or reading.verified is not False:
                continue
            if not _only_this(options):
                continue
            signing = signed_here(draft, reading)
            if signing is not None:
                give_key(draft, reading, signing)
            elif key is None or is_empty(key) or reading.algorithms is None:
                continue
            if isinstance(options, ast.Dict) and len(options.keys) > 1:
                number = next(n for n, k in enumerate(options.keys) if _is_flag(k))
                draft.remove_items(options, number)
            elif options is not None:
                draft.remove_argument(reading.call, options)
            if signing is not None:
                return draft.repair("checks the signature with the key that tokens are made with")
            return draft.repair(
                "checks the signature with the key that the call has",
                safe=False,
                changes="tokens that were signed with another key are refused",
            )
        return None


def _only_this(options: ast.expr | None) -> bool:
    """Whether the options are written out beside the call, the flag among them."""
    return isinstance(options, ast.Dict) and any(_is_flag(key) for key in options.keys)


def _is_flag(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and key.value == "verify_signature"


def _unverified(index: Index) -> Iterator[ast.Call]:
    yield from (item.call for item in readings(index) if item.verified is False)
    yield from passed_options(index, "verify_signature")


def _by_hand(index: Index) -> Iterator[ast.Call]:
    """``b64decode`` of the middle part of a token."""
    for call in index.called("urlsafe_b64decode", "b64decode"):
        if index.name(call.func) in ("base64.urlsafe_b64decode", "base64.b64decode") and call.args:
            function = index.function_of(call)
            if function is not None and _is_middle(index, call.args[0], 0):
                named = ast.unparse(call.args[0]) + function.name + ast.unparse(function.args)
                if _TOKEN.search(named) or any(
                    _TOKEN.search(n.id) for n in ast.walk(function) if isinstance(n, ast.Name)
                ):
                    yield call


def _is_middle(index: Index, node: ast.expr, depth: int) -> bool:
    if depth > 3:
        return False
    for item in ast.walk(node):
        if (
            isinstance(item, ast.Subscript)
            and isinstance(item.slice, ast.Constant)
            and item.slice.value == 1
        ):
            if any(_splits(v) for v in (item.value, *index.values(item.value))):
                return True
        if isinstance(item, ast.Name):
            if any(_is_middle(index, value, depth + 1) for value in index.values(item)):
                return True
            if _second_of_split(index, item):
                return True
    return False


def _splits(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and last(node.func) in ("split", "rsplit")
        and bool(node.args)
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value in (".", b".")
    )


def _second_of_split(index: Index, name: ast.Name) -> bool:
    """``_, payload, _ = token.split(".")``."""
    function = index.function_of(name)
    for assign in index.all(ast.Assign):
        target = assign.targets[0]
        if isinstance(target, ast.Tuple) and len(target.elts) == 3 and _splits(assign.value):
            if last(target.elts[1]) == name.id and index.function_of(assign) is function:
                return True
    return False


def _checked_too(index: Index, call: ast.Call) -> bool:
    """Whether the function, or each one that calls it here, also checks a signature."""
    function = index.function_of(call)
    if function is None or any(isinstance(o, ast.ExceptHandler) for o in index.around(call)):
        return False  # what is read after the check has failed is no peek
    verifying = [item.call for item in readings(index) if item.verified is not False]
    verifying += [c for c in index.calls if _CHECKS.match(last(c.func)) and c is not call]

    def checks(outer: ast.AST) -> bool:
        return any(index.inside(item, outer) for item in verifying)

    if checks(function):
        return True
    callers = [f for c in index.callers(function) if (f := index.function_of(c)) is not None]
    return bool(callers) and all(checks(f) for f in callers)


def _only_routing(index: Index, call: ast.Call) -> bool:
    """Whether only the issuer or the id of the key is read, to choose the key."""
    keys = _keys_read(index, call)
    return bool(keys) and keys <= ROUTING


def _keys_read(index: Index, call: ast.Call) -> set[str]:
    parent = index.parents.get(call)
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        function = index.function_of(call) or index.tree
        uses = [
            n
            for n in ast.walk(function)
            if isinstance(n, ast.Name) and n.id == parent.targets[0].id
        ]
        found = [_key(index, use) for use in uses if use is not parent.targets[0]]
        return {key or "" for key in found}
    key = _key(index, call)
    return {key} if key else set()


def _key(index: Index, node: ast.AST) -> str | None:
    """The key that is taken from an expression: ``claims["iss"]``, ``claims.get("iss")``."""
    parent = index.parents.get(node)
    if isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Constant):
        return str(parent.slice.value)
    if isinstance(parent, ast.Attribute) and parent.attr == "get":
        outer = index.parents.get(parent)
        if isinstance(outer, ast.Call) and outer.args and isinstance(outer.args[0], ast.Constant):
            return str(outer.args[0].value)
    return None
