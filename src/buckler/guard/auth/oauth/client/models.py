"""What the routes of providers answer."""

from __future__ import annotations

from pydantic import BaseModel


class Linked(BaseModel):
    """A provider that an account is linked to."""

    provider: str
    email: str
    created: float
    used: float


class Listed(BaseModel):
    """The providers that there are, and those of an account."""

    providers: list[str]
    linked: list[Linked]


class Unlinked(BaseModel):
    """A provider that was taken from an account."""

    provider: str
