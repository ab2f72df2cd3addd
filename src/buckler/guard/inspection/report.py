"""What the security log is told of an attack: what, where, and the beginning of it; nothing that breaks a line."""

from __future__ import annotations

import re
from typing import Final

from buckler.core.redact import Redactor, is_secret_name, mask
from buckler.guard.audit.events import EventKind, SecurityEvent
from buckler.guard.inbound import Inbound
from buckler.guard.inspection.sign import Attack

SHOWN: Final = 64
"""Characters of a value that are told."""
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_REDACTOR = Redactor()


def told(
    inbound: Inbound,
    kind: Attack,
    *,
    place: str,
    name: str = "",
    text: str = "",
    weight: int = 0,
    action: str = "log",
    unseen: int = 0,
    status: int = 0,
) -> SecurityEvent:
    """The event of one attack.

    Args:
        inbound: The request.
        kind: What somebody tries.
        place: Where it stood.
        name: Of its field, by which a secret is known.
        text: The value.
        weight: How much it looks like one; from 4.
        action: What was done.
        unseen: Bytes of the request that were not looked at.
        status: Of the answer, where that is known.
    """
    detail: dict[str, str | int] = {"place": place, "weight": weight, "action": action}
    if text:
        detail["value"] = mask(text) if name and is_secret_name(name) else shortened(text)
    if unseen:
        detail["unseen"] = unseen
    return SecurityEvent(
        kind=EventKind.ATTACK_SEEN,
        reason=str(kind),
        message="A value looks like an attack",
        request_id=inbound.id,
        method=inbound.scope.get("method", ""),
        route=inbound.plan.template,
        client=inbound.client,
        principal=inbound.principal,
        status=status,
        detail=detail,
    )


def shortened(text: str) -> str:
    """The first characters of a value, redacted, on one line."""
    shown = _CONTROL.sub("\ufffd", _REDACTOR.text(text[: 4 * SHOWN]))
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
