"""The transports and ready clients for httpx: what they do is :mod:`buckler.guard.egress.transports`."""

from __future__ import annotations

import httpcore
import httpx

from buckler.guard.egress.clients import client_maker
from buckler.guard.egress.transports import (
    Answer,
    AsyncAnswer,
    Asynchronous,
    Blocking,
    Library,
)

LIBRARY = Library(httpx, httpcore)


class _Answer(Answer, httpx.SyncByteStream):
    library = LIBRARY


class _AsyncAnswer(AsyncAnswer, httpx.AsyncByteStream):
    library = LIBRARY


class SafeTransport(Blocking[httpx.Request, httpx.Response], httpx.BaseTransport):
    """A transport that cannot be made to call inside: ``httpx.Client(transport=SafeTransport())``.

    Proxies of the environment are not used. Bodies arrive decompressed, also in ``iter_raw``. Its options are
    those of :class:`~buckler.guard.egress.transports.Blocking`.
    """

    library = LIBRARY
    stream = _Answer


class AsyncSafeTransport(Asynchronous[httpx.Request, httpx.Response], httpx.AsyncBaseTransport):
    """:class:`SafeTransport` for ``httpx.AsyncClient``, on asyncio and trio."""

    library = LIBRARY
    stream = _AsyncAnswer


safe_client = client_maker(httpx.Client, SafeTransport)
async_safe_client = client_maker(httpx.AsyncClient, AsyncSafeTransport)
