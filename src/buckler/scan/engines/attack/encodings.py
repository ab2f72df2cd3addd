"""Shapes in which a text may have to come: as it is, as a path, encoded, as a part of something.

Code often looks at the shape of a value before it uses it, or decodes it first. A canary is
sent in each shape; the ones that arrive at a sink tell how the payloads have to come. What a
slot's own default or example looks like gives further shapes: one part of ``host:port``, or
of something in base 64.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping

from buckler.scan.engines.interface import Probe, Slot

Encoder = Callable[[str], str]
PLAIN = "plain"
_SEPARATED = re.compile(r"[A-Za-z0-9_.\-]{2,}")
MAX_PARTS = 2


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _as_it_is(text: str) -> str:
    return text


ENCODERS: Mapping[str, Encoder] = {PLAIN: _as_it_is, "base64": _base64, "percent": _percent}
"""How to encode a payload for any slot, by name."""

SHAPES: Mapping[str, str] = {"path": "/{word}", "address": "https://{host}/{word}"}
"""Further shapes of the bare canary; payloads for them come as they are."""


def encoders_of(slot: Slot) -> dict[str, Encoder]:
    """The encoders that are worth trying on a slot, the plain one first."""
    found: dict[str, Encoder] = dict(ENCODERS)
    for given in _samples(slot):
        decoded = _decoded(given)
        if decoded is not None:
            for name, encoder in _parts(decoded).items():
                found[f"base64 {name}"] = _chained(encoder, _base64)
        else:
            found.update(_parts(given))
    return found


def fitted(probe: Probe) -> str | bytes:
    """The payload as it is sent: encoded, and in the shape that the slot's format asks for."""
    slot, payload = probe.slot, probe.payload
    if isinstance(payload.value, bytes):
        return payload.value
    if probe.encoding != PLAIN:
        return encoders_of(slot)[probe.encoding](payload.value)
    if payload.raw or payload.key:
        return payload.value
    kind = slot.schema.get("format")
    if kind in ("email", "idn-email"):
        return f"{payload.value}@example.com"
    if kind in ("uri", "url"):
        return f"https://example.com/{payload.value}"
    return payload.value


def _samples(slot: Slot) -> list[str]:
    examples = slot.schema.get("examples")
    given = [
        slot.schema.get("default"),
        slot.schema.get("example"),
        *(examples if isinstance(examples, list) else ()),
    ]
    return [text for text in given if isinstance(text, str) and len(text) < 300][:1]


def _decoded(text: str) -> str | None:
    """The text inside of base 64, or None where it is none."""
    if len(text) < 8 or len(text) % 4 or not re.fullmatch(r"[A-Za-z0-9+/_-]+=*", text):
        return None
    try:
        decoded = base64.b64decode(
            text, altchars=b"-_" if "-" in text or "_" in text else None
        ).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return decoded if decoded.isprintable() else None


def _parts(sample: str) -> dict[str, Encoder]:
    """Encoders that replace one part of a sample; none where it has just one."""
    parts = list(_SEPARATED.finditer(sample))
    if len(parts) < 2 or " " in sample:
        return {}
    return {
        f"part {number}": _replacing(sample[: part.start()], sample[part.end() :])
        for number, part in enumerate(parts[:MAX_PARTS], start=1)
    }


def _replacing(before: str, after: str) -> Encoder:
    return lambda text: f"{before}{text}{after}"


def _chained(first: Encoder, second: Encoder) -> Encoder:
    return lambda text: second(first(text))
