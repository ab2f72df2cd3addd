"""What the routes of accounts take and answer. Every text is bounded; an unknown field is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from buckler.guard.access.permissions import PATTERN
from buckler.guard.validate.model import StrictModel

Name = Annotated[str, Field(min_length=1, max_length=320)]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=200)]
Token = Annotated[str, Field(min_length=1, max_length=500)]
Scope = Annotated[str, Field(min_length=1, max_length=200, pattern=rf"^{PATTERN}$")]
Typed = Annotated[SecretStr, Field(min_length=1, max_length=1024)]


def printable(text: str) -> str:
    """A text that people see as it is: no control characters, which PostgreSQL does not keep either.

    Raises:
        ValueError: It is none.
    """
    if not text.isprintable():
        raise ValueError("a character that cannot be seen")
    return text


class NamePassword(StrictModel):
    """Who wants in."""

    name: Name
    password: Typed


class JustName(StrictModel):
    """Whom a mail is wanted for."""

    name: Name


class JustToken(StrictModel):
    """The token of a link."""

    token: Token


class NewPassword(StrictModel):
    """The token of a link, and the password that is to be."""

    token: Token
    password: Typed


class ChangedPassword(StrictModel):
    """The password as it is, and as it is to be."""

    current_password: Typed
    password: Typed


class Shown(StrictModel):
    """A factor that is shown again: the password, or a code."""

    password: Typed | None = None
    code: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class SecondStep(StrictModel):
    """The ticket of the first step, and a code."""

    ticket: Token
    code: Annotated[str, Field(min_length=1, max_length=64)]


class Refresh(StrictModel):
    """A refresh token."""

    refresh_token: Token


class NewKey(StrictModel):
    """A key that is wanted."""

    name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(printable)]
    scopes: Annotated[list[Scope], Field(max_length=100)] | None = None
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class RoleChange(StrictModel):
    """A role for an account."""

    role: Word


class RoleBody(StrictModel):
    """What a role is to be."""

    permissions: Annotated[list[Scope], Field(max_length=1000)]
    inherits: Annotated[list[Word], Field(max_length=100, default_factory=list)]


class Done(BaseModel):
    """The same whatever there was to do."""

    detail: str = "ok"


class Account(BaseModel):
    """The account that is signed in."""

    id: str
    name: str
    verified: bool
    roles: list[str]
    permissions: list[str]


class SignedIn(BaseModel):
    """Signed in, or asked for a second factor first."""

    status: Literal["signed_in", "second_factor"]
    ways: list[str] = []
    ticket: str = ""


class Tokens(BaseModel):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - its kind, not a token
    expires_in: int
    refresh_token: str


class SessionShown(BaseModel):
    """One sign-in of the account."""

    id: str
    kind: Literal["browser", "tokens"]
    agent: str
    client: str
    created: float
    used: float | None = None
    current: bool


class KeyShown(BaseModel):
    """A key, without the key."""

    id: str
    name: str
    hint: str
    scopes: list[str] | None
    created: float
    expires: float | None
    used: float | None


class KeyMade(KeyShown):
    """A key that was just made: the only answer that holds it."""

    key: str


class UserShown(BaseModel):
    """An account, for who administers."""

    id: str
    name: str
    verified: bool
    disabled: bool
    created: float
    roles: list[str]


class RoleShown(BaseModel):
    """A role as it stands."""

    name: str
    permissions: list[str]
    inherits: list[str]
