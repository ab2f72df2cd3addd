"""Who looks at a page or sends a form of it: always a browser with a session, never a token.

Threat: a form that another site sends (CWE-352). Guard looks at where a request says that it comes from; browsers too
old to say it are stopped by the token in each form, which is bound to the session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from buckler.guard import Principal, requires
from buckler.guard.audit.events import EventKind
from buckler.guard.limits.csrf import FormToken
from buckler.watch.api.common import ADMIN, READ, SCAN, WRITE, caller_of
from buckler.watch.interface import Caller
from buckler.watch.service import Service

FIELD: Final = "form"
"""Name of the field with the token."""
LIFETIME: Final = 12 * 3600
"""Seconds that a form may lie open: as long as a session may last."""
SESSION: Final[Mapping[str, Any]] = {"schemes": ["session"]}
RECENT: Final = 300.0
"""Seconds since a factor was shown, for what changes who may come in."""
STALE_FORM: Final = "This form has lain open for too long, or was not of this session. Load the page and send it again."


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and at what.

    Attributes:
        request: At hand.
        watch: The service.
        principal: Who is signed in.
        caller: On whose behalf rows are read and changed, as the interface for programs has it.
    """

    request: Request
    watch: Service
    principal: Principal
    caller: Caller

    @property
    def form_token(self) -> str:
        """A token for the forms of one page."""
        tokens: FormToken = self.request.app.state.web.tokens
        return tokens.issue(self.principal.credential)

    def may(self, what: str) -> bool:
        """Whether they may ``scan``, ``write`` or ``admin``, or have a permission of that name."""
        return self.principal.may(_WORDS.get(what, what))


_WORDS: Final = {"scan": SCAN, "write": WRITE, "admin": ADMIN}


class Form:
    """What a form sent; each field is a text of one line or more, bounded by guard's limits.

    Args:
        fields: As they were read.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: FormData) -> None:
        self._fields = fields

    def __getitem__(self, name: str) -> str:
        """A field, or an empty text."""
        value = self._fields.get(name, "")
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def all(self, name: str) -> list[str]:
        """Each field of this name."""
        return [one for one in self._fields.getlist(name) if isinstance(one, str)]

    def lines(self, name: str) -> list[str]:
        """A field as a list: one for each line or comma."""
        parts = self[name].replace(",", "\n").split("\n")
        return [part.strip() for part in parts if part.strip()]

    def typed(self) -> dict[str, str]:
        """What is shown again where something was wrong; no password."""
        return {
            name: self[name]
            for name in self._fields
            if name != FIELD and not any(word in name for word in _HIDDEN)
        }


_HIDDEN: Final = ("password", "secret", "url", "current")


def viewer_of(request: Request, principal: Principal) -> Viewer:
    """The viewer of a request."""
    return Viewer(request, request.app.state.service, principal, caller_of(principal))


def _looking(required: Any) -> Callable[..., Awaitable[Viewer]]:
    async def look(request: Request, principal: Principal = required) -> Viewer:
        return viewer_of(request, principal)

    return look


def viewing(*permissions: str, **more: Any) -> Any:
    """A parameter's default source: who looks, where they may."""
    return Depends(_looking(requires(*permissions, **SESSION, **more)))


async def sent(request: Request) -> Form:
    """The form of a request, where its token is of this session.

    Raises:
        starlette.exceptions.HTTPException: 403, it is not.
    """
    state = request.app.state
    principal = await state.guard.identities.access.principal(request)
    fields = await request.form()
    given = fields.get(FIELD)
    credential = principal.credential if principal is not None else ""
    if not isinstance(given, str) or not state.web.tokens.verify(given, credential):
        state.guard.identities.tell_request(
            request, EventKind.ORIGIN_REFUSED, "form_token", "A form was not of this session"
        )
        raise HTTPException(403, STALE_FORM)
    return Form(fields)


def numbers(texts: Sequence[str]) -> dict[str, int]:
    """``id:version`` of each, those alone that are of that form."""
    found = {}
    for text in texts:
        name, _, number = text.partition(":")
        if name and number.isascii() and number.isdigit() and len(number) < 10:
            found[name] = int(number)
    return found


Reading = Annotated[Viewer, viewing(READ)]
Scanning = Annotated[Viewer, viewing(SCAN)]
Writing = Annotated[Viewer, viewing(WRITE)]
Administering = Annotated[Viewer, viewing(ADMIN)]
Sent = Annotated[Form, Depends(sent)]
