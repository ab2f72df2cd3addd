"""LOG001: secrets that are written to the log."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Module, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.exceptions import REFUSED_BODY
from buckler.scan.engines.source.flow.facts import LOGS_MASKED
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.masking import MASKED
from buckler.scan.engines.source.flow.values import Taint
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import index_of
from buckler.scan.python.logged import LEVELS, logs, secrets
from buckler.scan.rules._support.flows import has, told
from buckler.scan.rules._support.passwords import strong
from buckler.scan.rules._support.source import here
from buckler.scan.rules.logging._fixes.stars import starred

SECRET_SLOT = re.compile(
    r"(pass(word|wd|phrase|code)?|pwd|secret|token|api_?-?key|authorization|credential|cvv|cvc|otp|pin|card_?number|private_?key)$",
    re.IGNORECASE,
)


_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token", "x-csrf-token"}
)
_SESSIONS = re.compile(r"sess|sid$|auth|jwt|token|csrf", re.IGNORECASE)


class SecretInLog(Rule):
    """Passwords, tokens or keys are written to the log.

    ## What it is
    A line of the log holds a secret: by itself, in the payload of a sign-in that is logged whole, or
    in the headers of a request.

    ## Why it matters
    Logs are read by more people than the database, sent to other companies, kept for years and not
    encrypted. Whoever reads one signs in as somebody else, without leaving a trace.

    ## How to fix
    Log who did what, never with what: ``logger.info("sign-up of %r", payload.username)``. Make fields
    ``SecretStr``, which shows stars, and put a filter that masks known names in front of the handlers.
    ``buckler.guard.Audit`` masks by name and by shape.

    ## How to check
    Sign in with an unusual password and search all logs for it.

    ## Roll-out
    Delete or mask what is there, and let people whose passwords were logged choose new ones.

    ## References
    CWE-532; OWASP A09:2025; ASVS 5.0 V16.2.5.
    """

    id = "LOG001"
    name = "secret-in-log"
    title = "Secret in the log"
    severity = Severity.MEDIUM
    cwe = (532,)
    owasp = ("API8:2023", "A09:2021", "A09:2025")
    asvs = ("V16.2.5",)
    confirmed = "reached"
    control = "guard.Audit"
    sinks = ("log",)
    excused = LOGS_MASKED
    flows = Flows(
        "secretlog",
        """
        logging.{debug,info,warning,warn,error,critical,exception,log}(*)
        builtins.print(*) pprint.pprint(0) sys.{stderr,stdout}.write(0)
        logging.Logger.{debug,info,warning,warn,error,critical,exception,log,success,trace}(*)
        """,
    )
    fix = Fix(
        'log who, not with what: logger.info("sign-up of %r", payload.username)',
        before='logger.info("sign-up of %s", payload.model_dump())',
        after='logger.info("sign-up of %r", payload.username)',
        safe=True,
    )
    bad = (
        Example(
            """
            import logging

            from fastapi import FastAPI
            from pydantic import BaseModel

            logging.basicConfig(level=logging.INFO)
            logger = logging.getLogger("shop")
            app = FastAPI()


            class SignUp(BaseModel):
                name: str
                password: str


            @app.post("/signup")
            def signup(payload: SignUp) -> str:
                logger.info("sign-up of %s", payload.model_dump())
                return "welcome"
            """,
            line=18,
        ),
        Example(
            """
            import logging

            from fastapi import FastAPI, Header, Request

            logger = logging.getLogger("shop")
            app = FastAPI()


            @app.get("/me")
            def me(request: Request, authorization: str = Header(default="")) -> str:
                logger.debug("asked with %s", authorization)
                print(f"headers: {dict(request.headers)}")
                return "you"
            """,
        ),
    )
    good = (
        Example(
            """
            import hashlib
            import logging

            from fastapi import FastAPI, Header
            from pydantic import BaseModel, SecretStr

            logging.basicConfig(level=logging.INFO)
            logger = logging.getLogger("shop")
            app = FastAPI()


            class SignUp(BaseModel):
                name: str
                password: SecretStr


            class Order(BaseModel):
                title: str


            @app.post("/signup")
            def signup(payload: SignUp, x_token: str = Header(default="")) -> str:
                logger.info("sign-up of %r with %s", payload.name, payload.password)
                logger.info("the password of %r was set; token %s", payload.name, hashlib.sha256(x_token.encode()).hexdigest()[:8])
                logger.info("length of the password: %d", len(payload.password.get_secret_value()))
                return "welcome"


            @app.post("/orders")
            def order(payload: Order) -> str:
                logger.info("order %r", payload.model_dump())
                return "ordered"
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Calls of loggers and ``print`` with something secret among the arguments."""
        index = index_of(module)
        for call in index.called("print", "pprint", *LEVELS):
            if not logs(index, call):
                continue
            what = next(iter(secrets(index, call)), "")
            if what:
                yield self.found(
                    f"{what} is written to the log.",
                    confidence=Confidence.SUSPECTED,
                    location=here(index, call),
                )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Headers and fields that are secrets by their name, and all headers at once."""
        if flow.argument in ("exc_info", "stack_info"):
            return None
        taints = tuple(t for t in flow.taints if not has(flow, t, MASKED) and _is_secret(t))
        return told(flow, "is written to the log.", taints) if taints else None

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A secret that is taken by most policies."""
        if SECRET_SLOT.search(slot.leaf):
            yield strong(mint, "a secret")

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The secret stands in a line that was written."""
        if not SECRET_SLOT.search(probe.slot.leaf) or str(probe.payload.value) not in hit.text:
            return None
        if probe.slot.where == "path":
            return None
        return Verdict(
            f"What is sent as {probe.slot.name} is written to the log.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Stars for a secret, and a payload without the fields that are secrets."""
        for call in draft.calls_at(finding):
            how = starred(draft, call)
            if how == "alike":
                return draft.repair("leaves what was sent as a secret out of the log")
            if how:
                told = "the line of the log shows stars in its place"
                return draft.repair("leaves the secret out of the log", safe=False, changes=told)
        return None


def _is_secret(taint: Taint) -> bool:
    """Whether an input is a secret: by name, as a credential, or as a whole that holds some."""
    if _is_part(taint):
        return False
    source = taint.token.source
    name = source.name.lower().replace("_", "-")
    if source.kind == "header":
        return name in _HEADERS or name == "*" or bool(SECRET_SLOT.search(source.name))
    if source.kind == "cookie":
        return name == "*" or bool(_SESSIONS.search(source.name))
    if source.kind == "body":
        return source.name == REFUSED_BODY
    leaf = source.name.rpartition(".")[2]
    return source.kind in ("json", "form", "query") and bool(SECRET_SLOT.search(leaf))


def _is_part(taint: Taint) -> bool:
    """Whether only a part of it is left: the last four letters, what stands before a sign."""
    token = taint.token
    while token.parent is not None:
        if token.how in ("first", "part"):
            return True
        token = token.parent
    return False
