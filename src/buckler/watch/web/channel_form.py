"""The form of a channel: what it sends, and what an edit leaves as it is."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

from buckler.core.finding import Severity
from buckler.watch.alerts import channels, filters
from buckler.watch.alerts.kinds import KINDS
from buckler.watch.api.alerts import ChannelChange
from buckler.watch.errors import RefusedError
from buckler.watch.web import given
from buckler.watch.web.viewer import Form

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "webhook": ("url", "secrets"),
    "slack": ("url",),
    "email": ("host", "port", "tls", "sender", "recipients", "username", "password"),
    "syslog": ("address", "facility", "application", "hostname"),
    "apprise": ("urls",),
}
"""Options of each kind, in the order of its form."""
TITLES: Final[Mapping[str, str]] = {
    "webhook": "Webhook",
    "slack": "Slack",
    "email": "E-mail",
    "syslog": "Syslog",
    "apprise": "Apprise",
}
_LISTS: Final = ("recipients", "urls")
_NUMBERS: Final = {"port": 65_535, "facility": 23}


def new_secret() -> str:
    """A secret for a webhook, as Standard Webhooks has it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def options_of(kind: str, form: Form) -> dict[str, Any]:
    """The options that a form gave, without empty ones.

    Raises:
        RefusedError: One is of the wrong form.
    """
    found: dict[str, Any] = {}
    for name in FIELDS.get(kind, ()):
        if name in _LISTS:
            if listed := form.lines(name):
                found[name] = listed
        elif text := form[name].strip():
            found[name] = text
    for name, most in _NUMBERS.items():
        if name in found:
            text = found[name]
            if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most):
                raise RefusedError(f"{name}: a number up to {most}")
            found[name] = int(text)
    return found


def filters_of(form: Form) -> dict[str, Any]:
    """The filters that a form gave; what is empty lets everything pass."""
    kinds = [kind for kind in form.all("kinds") if kind in KINDS]
    found: dict[str, Any] = {name: form.lines(name) for name in ("rules", "routes")}
    found["targets"] = form.all("targets")
    # All of them are no filter: kinds that come with a later version pass, too.
    found["kinds"] = [] if len(kinds) == len(KINDS) else kinds
    if form["severity"] in list(Severity):
        found["severity"] = form["severity"]
    return {name: value for name, value in found.items() if value}


def quiet_of(form: Form) -> dict[str, str] | None:
    """Quiet hours, where one of both times is given."""
    begins, ends = form["quiet_from"].strip(), form["quiet_to"].strip()
    if not (begins or ends):
        return None
    return {"from": begins, "to": ends, "zone": form["quiet_zone"].strip() or "UTC"}


def digest_of(form: Form) -> float:
    """Seconds of the digest.

    Raises:
        RefusedError: It is no number of minutes, or too many.
    """
    text = form["digest"].strip() or "0"
    try:
        seconds = float(text) * 60
    except ValueError as error:
        raise RefusedError("digest: minutes") from error
    if not 0 <= seconds <= filters.LONGEST_DIGEST:
        raise RefusedError("digest: from 0 to 10080 minutes")
    return seconds


def changed(row: Row[Any], form: Form) -> ChannelChange:
    """What an edit asks for; a secret that was left empty stays as it is, any other option is taken out.

    Args:
        row: As the channel is.
        form: That was sent.

    Raises:
        RefusedError: A part is wrong.
    """
    secret = channels.KINDS[row.kind].secret
    left_empty = {name: None for name in FIELDS[row.kind] if name not in secret}
    return given.model(
        ChannelChange,
        version=given.whole(form["version"], "version"),
        name=form["name"].strip(),
        options={**left_empty, **options_of(row.kind, form)},
        filters={**_kept(row.filters), **filters_of(form)},
        quiet=quiet_of(form),
        digest=digest_of(form),
    )


def _kept(before: Mapping[str, Any]) -> dict[str, Any]:
    """Filters that the form has no field for."""
    return {name: before[name] for name in ("owners",) if name in before}
