"""Shapes in which a text may have to come: as it is, as a path, an address, or encoded.

Code often looks at the shape of a value before it uses it, or decodes it first. A canary is
sent in each shape; the ones that arrive at a sink decoded tell how the payloads have to come.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

Encoder = Callable[[str], str]


def _percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _url_base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _hex(text: str) -> str:
    return text.encode().hex()


def _as_it_is(text: str) -> str:
    return text


ENCODERS: Mapping[str, Encoder] = {
    "plain": _as_it_is,
    "base64": _base64,
    "percent": _percent,
    "hex": _hex,
    "url-base64": _url_base64,
}
"""How to encode a payload, by name."""


def shapes(word: str, host: str) -> Mapping[str, str]:
    """What to send to learn where a slot leads.

    Args:
        word: The canary.
        host: A host name with the canary in it.

    Returns:
        By name of the encoder that suits payloads if this one arrives; further shapes of the
        plain one have names of their own.
    """
    return {
        "plain": word,
        "path": f"/{word}",
        "address": f"https://{host}/{word}",
        "base64": _base64(word),
        "percent": _percent(word),
    }
