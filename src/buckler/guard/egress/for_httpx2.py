"""The transports and ready clients for httpx2: what they do is :mod:`buckler.guard.egress.transports`."""

from __future__ import annotations

import httpcore2
import httpx2

from buckler.guard.egress.clients import client_maker
from buckler.guard.egress.transports import (
    Answer,
    AsyncAnswer,
    Asynchronous,
    Blocking,
    Library,
)

LIBRARY = Library(httpx2, httpcore2)


class _Answer(Answer, httpx2.SyncByteStream):
    library = LIBRARY


class _AsyncAnswer(AsyncAnswer, httpx2.AsyncByteStream):
    library = LIBRARY


class SafeTransport(Blocking[httpx2.Request, httpx2.Response], httpx2.BaseTransport):
    """A transport that cannot be made to call inside: ``httpx2.Client(transport=SafeTransport())``.

    Proxies of the environment are not used. Bodies arrive decompressed, also in ``iter_raw``. Its options are
    those of :class:`~buckler.guard.egress.transports.Blocking`.
    """

    library = LIBRARY
    stream = _Answer


class AsyncSafeTransport(Asynchronous[httpx2.Request, httpx2.Response], httpx2.AsyncBaseTransport):
    """:class:`SafeTransport` for ``httpx2.AsyncClient``, on asyncio and trio."""

    library = LIBRARY
    stream = _AsyncAnswer


safe_client = client_maker(httpx2.Client, SafeTransport)
async_safe_client = client_maker(httpx2.AsyncClient, AsyncSafeTransport)
