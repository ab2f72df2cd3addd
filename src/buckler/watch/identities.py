"""Identities as people give them, and as the scanner takes them.

Threat: credentials of other people's applications that everybody reads who may see a target, a back-up or the arguments of a
process (CWE-312, CWE-214). They are encrypted where they are kept, shown to nobody again, and told to the scanner by its
standard input.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from sqlalchemy import Connection

from buckler.core.errors import SettingsError
from buckler.core.settings import Settings, check, identities_of
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.db import identities
from buckler.watch.db.metadata import new_id
from buckler.watch.errors import RefusedError
from buckler.watch.interface import SYSTEM, Caller

PURPOSE: Final = "watch identities of targets"
HOW: Final = ("header", "bearer", "basic", "cookie", "form")
MOST: Final = 12
LONGEST: Final = 4_000
_MARKS: Final = frozenset("\r\n\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An identity as somebody gives it.

    Attributes:
        name: As reports call it.
        role: ``user``, ``admin``, or a group.
        how: One of :data:`HOW`.
        header: Name of the header, for ``header``.
        cookie: Name of the cookie, for ``cookie``.
        username: For ``basic``.
        request: ``POST /token``, for ``form``.
        fields: ``username=ann&password=…``, the form that is sent, for ``form``.
        token: Dotted path of the token in the answer, for ``form``; empty where a cookie is set.
        secret: The value of the header or cookie, the token, or the password.
    """

    name: str
    role: str = "user"
    how: str
    header: str = ""
    cookie: str = ""
    username: str = ""
    request: str = ""
    fields: str = field(default="", repr=False)
    token: str = ""
    secret: str = field(default="", repr=False)

    def table(self) -> dict[str, Any]:
        """The same as ``[tool.buckler.identities.NAME]`` has it.

        Raises:
            RefusedError: A part is missing or wrong; the message repeats no secret.
        """
        if self.how not in HOW:
            raise RefusedError("how: there is no such way", hint=", ".join(HOW))
        made: dict[str, Any] = {"role": self.role}
        if self.how == "form":
            made["login"] = self._login()
            return made
        _needed("secret", self.secret)
        if self.how == "header":
            made["headers"] = {_needed("header", self.header): self.secret}
        elif self.how == "bearer":
            made["headers"] = {"Authorization": f"Bearer {self.secret}"}
        elif self.how == "basic":
            pair = f"{_needed('username', self.username)}:{self.secret}".encode()
            made["headers"] = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        else:
            made["cookies"] = {_needed("cookie", self.cookie): self.secret}
        return made

    def shown(self) -> str:
        """What may be seen of it."""
        return {"header": self.header, "cookie": self.cookie, "form": self.request}.get(
            self.how, self.username
        )

    def _login(self) -> dict[str, Any]:
        _needed("fields", self.fields)
        pairs = parse_qsl(self.fields, keep_blank_values=True, max_num_fields=50)
        if not pairs:
            raise RefusedError("fields: no form", hint="username=ann&password=…")
        made: dict[str, Any] = {"request": _needed("request", self.request), "form": dict(pairs)}
        return {**made, "token": self.token} if self.token else made


def add(
    connection: Connection,
    caller: Caller,
    target_id: str,
    given: Given,
    now: float,
    secrets: Secrets,
) -> str:
    """Keep an identity, in place of one of the same name; its id.

    Args:
        connection: In a transaction that writes.
        caller: Who gives it.
        target_id: Whose application it is an identity of.
        given: The identity.
        now: Seconds since 1970.
        secrets: Encrypts.

    Raises:
        MissingError: There is no such target that the caller may see.
        RefusedError: A part is missing or wrong, or there are too many.
    """
    table = given.table()
    known = identities.of_target(connection, caller, target_id)
    if len({row.name for row in known} | {given.name}) > MOST:
        raise RefusedError(f"name: {MOST} identities are the most")
    try:
        check(Settings(identities=identities_of({given.name: table}, "identity")))
    except SettingsError as error:
        raise RefusedError(f"identity: {_told(error, given)}", hint=error.hint) from error
    made = new_id()
    values = {
        "id": made,
        "target_id": target_id,
        "name": given.name,
        "role": given.role,
        "how": given.how,
        "shown": given.shown(),
        "sealed": secrets.seal(table, made),
        "created_at": now,
    }
    identities.put(connection, caller, values)
    return made


def opened(connection: Connection, target_id: str, secrets: Secrets) -> dict[str, Any]:
    """The identities of a target as the scanner takes them.

    Raises:
        RefusedError: They were sealed with another key.
    """
    rows = identities.of_target(connection, SYSTEM, target_id)
    return {row.name: secrets.open(row.sealed, row.id) for row in rows}


def _needed(name: str, value: str) -> str:
    if not value:
        raise RefusedError(f"{name}: it is missing")
    if len(value) > LONGEST or _MARKS & set(value) or not value.isprintable():
        raise RefusedError(f"{name}: at most {LONGEST} characters, and no line break")
    return value


def _told(error: SettingsError, given: Given) -> str:
    """The message without what is secret in it."""
    hidden: Mapping[str, str] = {"…": given.secret, "form": given.fields}
    text = error.message
    for shown, value in hidden.items():
        text = text.replace(value, shown) if value else text
    return text
