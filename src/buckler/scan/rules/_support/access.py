"""Who may call an operation, who does, and whether that looks intended."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from buckler.scan.engines.attack.exchanges import succeeded
from buckler.scan.engines.interface import Exchange, Identity
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel, Operation
from buckler.scan.rules._support.data import has_people

REFUSED = (401, 403)
_SIGN_IN = re.compile(
    r"^(log-?in|sign-?in|log-?on|authenticate|authorize|oauth2?|tokens?|sign-?up|register|registrations?|enrol|"
    r"forgot(-password)?|password-?(forgot|reset|recovery)|resets?|reset-?password|recover|recovery|log-?out|"
    r"sign-?out|sso|saml|sessions?|captcha|contact|contact-us|newsletter|subscribe|unsubscribe|feedback|enquiry|"
    r"csp-?reports?|language|locale|consent)$",
    re.IGNORECASE,
)
_ACCOUNT_STEP = re.compile(
    r"^(verify|verification|confirm|confirmation|activate|activation|refresh)$", re.IGNORECASE
)
_ACCOUNT = re.compile(
    r"^(accounts?|users?|e-?mails?|passwords?|sign-?up|register|tokens?|members?)$", re.IGNORECASE
)
_HEALTH = re.compile(
    r"^(health|healthz|health-?check|ready|readyz|live|livez|liveness|readiness|heartbeat|ping|version|up|status|alive)$",
    re.IGNORECASE,
)
_SIGN_IN_PAGE = re.compile(r"^(log-?in|sign-?in|log-?out|sign-?out)$", re.IGNORECASE)
_ON_THE_WAY_IN = re.compile(r"^(log-?in|sign-?in|sign-?up|register|registration)$", re.IGNORECASE)
_AROUND = re.compile(r"^(api|v\d+|internal|health|healthz|probes?|_?self|system)$", re.IGNORECASE)
_SIGNATURE = re.compile(r"signature|hmac|(^|[-:])sign$", re.IGNORECASE)
_DOCUMENTS = re.compile(
    r"^/(docs|redoc|openapi\.json|favicon\.ico|robots\.txt|sitemap\.xml|security\.txt)?$|/\.well-known/",
    re.IGNORECASE,
)
_INTERNAL = re.compile(
    r"^_?(admin|administration|administrators?|back-?office|internal|private|debug|management|manage|superuser|"
    r"actuator|exports?|dumps?|backups?|ops|metrics)$",
    re.IGNORECASE,
)
_ADMIN = re.compile(
    r"^_?(admin|administration|administrators?|back-?office|internal|management|superuser|actuator)$",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"^(roles?|permissions?|privileges?|promote|demote|impersonate|ban|unban|suspend)$",
    re.IGNORECASE,
)
_READS = re.compile(
    r"^(search|query|filter|find|calculate|preview|validate|check|convert|quote|estimate|graphql|"
    r"lookup|compare|render|suggest|autocomplete)$",
    re.IGNORECASE,
)
"""Verbs of a question that is too long for a URL, as HTTP's QUERY method (a draft of the IETF) has it.

No plurals: a POST adds to those. What a GraphQL endpoint changes shows by its effects."""


def segments(operation: Operation) -> list[str]:
    """The fixed parts of a path."""
    return [p for p in operation.path.split("/") if p and not p.startswith("{")]


def is_public(operation: Operation, app: AppModel) -> bool:
    """Whether an operation is open on purpose: declared, or open by nature."""
    if operation.key in app.public or operation.path in app.public or operation.states_public:
        return True
    if _DOCUMENTS.search(operation.path):
        return True
    parts = segments(operation)
    if not parts or operation.is_websocket:
        return False
    if _HEALTH.match(parts[-1]) and all(_AROUND.match(part) for part in parts[:-1]):
        return True
    if is_internal(operation):
        return _SIGN_IN_PAGE.match(parts[-1]) is not None
    if any(part.lower() == "auth" for part in parts):
        return True
    if operation.method == "POST" and any(_ON_THE_WAY_IN.match(part) for part in parts[:-1]):
        return True
    if _ACCOUNT_STEP.match(parts[-1]):
        return any(_ACCOUNT.match(part) for part in parts[:-1])
    return operation.method in ("GET", "POST", "PUT") and _SIGN_IN.match(parts[-1]) is not None


def is_internal(operation: Operation) -> bool:
    """Whether the path says that it is not for the public."""
    parts = segments(operation)
    return any(_ADMIN.match(part) for part in parts) or bool(parts and _INTERNAL.match(parts[0]))


def is_administrative(operation: Operation) -> bool:
    """Whether the path says that it is for administrators."""
    parts = segments(operation)
    if any(_ADMIN.match(part) and part.lower() != "internal" for part in parts):
        return True
    return operation.changes_state and bool(parts and _RIGHTS.match(parts[-1]))


def only_reads(operation: Operation) -> bool:
    """Whether an unsafe method is used for a question."""
    parts = segments(operation)
    return bool(parts and _READS.match(parts[-1]))


def cell(operation: Operation, seen: Observations, name: str | None = None) -> Exchange | None:
    """What an identity got; nobody for None."""
    return seen.matrix.get(operation.key, {}).get(name)


def done(exchange: Exchange | None) -> Exchange | None:
    """The exchange if the handler ran and answered with success."""
    return exchange if exchange is not None and succeeded(exchange) else None


def open_to_nobody(operation: Operation, seen: Observations) -> Exchange | None:
    """The exchange in which nobody got an answer from the handler."""
    return done(cell(operation, seen))


def refuses(operation: Operation, seen: Observations) -> bool:
    """Whether nobody is sent away, by whatever part of the application."""
    exchange = cell(operation, seen)
    return exchange is not None and exchange.answer.status in REFUSED


def ordinary(seen: Observations) -> list[str]:
    """Identities without special rights."""
    return [identity.name for identity in seen.identities if identity.role != "admin"]


def has_authentication(app: AppModel, seen: Observations) -> bool:
    """Whether the application knows who somebody is at all.

    A signature of a body, as webhooks have it, says who made the message, not who is calling.
    """
    if seen.identities or any(operation.security for operation in app.operations):
        return True
    return any(refuses(op, seen) and not _is_signed(op, seen) for op in app.operations)


def _is_signed(operation: Operation, seen: Observations) -> bool:
    exchange = cell(operation, seen)
    read = [p.name for p in operation.parameters if p.where == "header"]
    read += [name for d in operation.dependencies for name in d.reads]
    read += exchange.answer.reads if exchange is not None else ()
    return any(_SIGNATURE.search(name) for name in read)


def asked_scopes(operation: Operation) -> tuple[str, ...]:
    """Scopes that an operation asks for."""
    wanted = {s for scheme in operation.security for s in scheme.scopes}
    return tuple(sorted(wanted | {s for d in operation.dependencies for s in d.scopes}))


def unscoped(operation: Operation) -> tuple[str, ...]:
    """Scopes that are asked for and that no dependency of the operation is given, nor a rule of guard's states."""
    enforced = {s for d in operation.dependencies if d.takes_scopes for s in d.scopes}
    enforced |= {permission for rule in operation.rules for permission in rule.permissions}
    return tuple(s for s in asked_scopes(operation) if s not in enforced)


def granted(identity: Identity) -> frozenset[str] | None:
    """The scopes that an identity's token names (RFC 8693, 4.2); None where it names none."""
    for name, value in identity.headers:
        parts = value.split()[-1].split(".") if value.strip() else []
        if name.lower() != "authorization" or len(parts) != 3:
            continue
        try:
            padded = parts[1] + "=" * (-len(parts[1]) % 4)
            claims = json.loads(base64.urlsafe_b64decode(padded))
        except ValueError:
            continue
        said = claims.get("scope", claims.get("scopes")) if isinstance(claims, dict) else None
        if isinstance(said, str | list):
            return frozenset(map(str, said.split() if isinstance(said, str) else said))
    return None


def is_optional(operation: Operation) -> bool:
    """Whether every security scheme of the operation lets a request without credentials pass."""
    return bool(operation.security) and not any(s.auto_error for s in operation.security)


def personal_data(exchange: Exchange) -> str:
    """Kinds of personal data in a JSON answer; empty where there are none."""
    return has_people(exchange.answer.body) if "json" in exchange.answer.media_type else ""


def why_protected(
    operation: Operation, app: AppModel, seen: Observations, exchange: Exchange
) -> str:
    """Why an operation that answers nobody ought not to; an empty text where it may.

    Reading is public unless something says otherwise; changing something is not.
    """
    if is_public(operation, app):
        return ""
    if is_administrative(operation) or (is_internal(operation) and has_authentication(app, seen)):
        return "its path is not meant for the public"
    if operation.changes_state:
        if "sql-write" in exchange.answer.effects:
            return "it changes the database"
        return "" if only_reads(operation) else f"{operation.method} is there to change something"
    if operation.method not in ("GET", "WEBSOCKET"):
        return ""
    parent = next(iter(_protected_ancestors(operation, app, seen)), None)
    if parent is not None:
        return f"{parent.key}, which it stands below, asks for credentials"
    siblings = [op for op in _siblings(operation, app) if cell(op, seen) is not None]
    if len(siblings) >= 3 and all(refuses(op, seen) for op in siblings):
        return "all operations beside it ask for credentials"
    people = personal_data(exchange)
    return f"its answer holds personal data ({people})" if people else ""


def _siblings(operation: Operation, app: AppModel) -> Iterator[Operation]:
    parts = segments(operation)
    prefix = "/" + parts[0] if parts and len(parts) > 1 else ""
    for other in app.operations:
        same = other.path.startswith(prefix + "/") or other.path == prefix
        if (
            prefix
            and same
            and other is not operation
            and other.method == "GET"
            and other.path != operation.path
        ):
            yield other


def _protected_ancestors(
    operation: Operation, app: AppModel, seen: Observations
) -> Iterator[Operation]:
    for other in app.operations:
        below = operation.path.startswith(other.path.rstrip("/") + "/")
        item = "{" in other.path.rsplit("/", 1)[-1]
        if other.method == "GET" and below and item and refuses(other, seen):
            yield other
