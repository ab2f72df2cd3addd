"""Bodies of answers that may be made to fill the memory of whoever reads them: CWE-409."""

from __future__ import annotations

import zlib

_KNOWN = {"gzip": 47, "x-gzip": 47, "deflate": 47}


def plain(body: bytes, encoding: str, limit: int) -> bytes:
    """A body without its content coding (RFC 9110, 8.4); never longer than ``limit``.

    A coding that was not asked for and is not known leaves the body as it is, and so does a body
    that is none.

    Args:
        body: As it came.
        encoding: The ``Content-Encoding`` of the answer.
        limit: Bytes.
    """
    window = _KNOWN.get(encoding.strip().lower())
    if window is None or not body:
        return body[:limit]
    try:
        return zlib.decompressobj(window).decompress(body, limit)
    except zlib.error:
        return body[:limit]
