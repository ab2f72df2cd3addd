"""Routes of the identities of targets: list, give, remove. What is secret of them is shown to nobody."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr

from buckler.watch import identities as giving
from buckler.watch.alerts.secrets import Secrets
from buckler.watch.api.common import Reader, Watch, Writer, now, shown
from buckler.watch.db import identities
from buckler.watch.identities import LONGEST, Given

router = APIRouter(prefix="/targets/{target_id}/identities", tags=["targets"])
HIDDEN = ("sealed",)


class NewIdentity(BaseModel):
    """An identity; see :class:`~buckler.watch.identities.Given`."""

    model_config = {"extra": "forbid", "hide_input_in_errors": True}
    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
    role: str = Field("user", pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")
    how: Literal["header", "bearer", "basic", "cookie", "form"]
    header: str = Field("", pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{0,100}$")
    cookie: str = Field("", pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{0,100}$")
    username: str = Field("", max_length=200)
    request: str = Field("", max_length=500)
    fields: SecretStr = Field(SecretStr(""), max_length=LONGEST)
    token: str = Field("", max_length=200)
    secret: SecretStr = Field(SecretStr(""), max_length=LONGEST)


@router.get("")
def listed(watch: Watch, caller: Reader, target_id: str) -> list[dict[str, Any]]:
    """Identities of a target, without their secrets."""
    with watch.database.read() as connection:
        rows = identities.of_target(connection, caller, target_id)
    return [shown(row, *HIDDEN) for row in rows]


@router.post("", status_code=201)
def add(watch: Watch, caller: Writer, target_id: str, given: NewIdentity) -> dict[str, Any]:
    """Give an identity, in place of one of the same name."""
    plain = given.model_dump(exclude={"secret", "fields"})
    made = Given(
        **plain,
        secret=given.secret.get_secret_value(),
        fields=given.fields.get_secret_value(),
    )
    secrets = Secrets(watch.key, giving.PURPOSE)
    with watch.database.write() as connection:
        identity_id = giving.add(connection, caller, target_id, made, now(), secrets)
    return {"id": identity_id, "name": given.name, "role": given.role, "how": given.how}


@router.delete("/{identity_id}", status_code=204)
def remove(watch: Watch, caller: Writer, target_id: str, identity_id: str) -> None:
    """Remove an identity."""
    with watch.database.write() as connection:
        identities.remove(connection, caller, target_id, identity_id)
