"""Requests that are plainly fine, seen so in one call: most of those that come.

Threat: none of its own; seven checks that are called one by one cost the defender more than what they look
at (CWE-400 counts the defender's own work, too). Each rule keeps its one place (``head.py``, ``hosts.py``,
``proxies.py``, ``cors.py``, ``csrf.py``, ``rate.py``, ``body.py``): this one knows only where none of them
would say a word, and leaves every other request to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from buckler.guard.audit.events import EventKind
from buckler.guard.inbound import Inbound
from buckler.guard.limits.body import Body
from buckler.guard.limits.csrf import OWN
from buckler.guard.limits.head import Head
from buckler.guard.limits.memory import MemoryCounter
from buckler.guard.limits.proxies import Proxies
from buckler.guard.limits.rate import Pairs, RateCheck
from buckler.guard.refusal import Refusal

Plain = Callable[[Inbound, bool], Refusal | None]
UNSURE: Final = Refusal(0, "", EventKind.INPUT_REFUSED, "unsure")
"""Of a request that the checks have to look at; nothing of it is counted yet."""
_STEERING: Final = frozenset((b"origin", b"transfer-encoding"))
_ALL_DIGITS: Final = 18
UNLIMITED: Final = 2**62


def unsure(inbound: Inbound, bare: bool) -> Refusal | None:
    """Where the checks have to look at every request."""
    del inbound, bare
    return UNSURE


def compiled(
    head: Head | None, proxies: Proxies | None, rates: Sequence[RateCheck], body: Body | None
) -> Plain:
    """One call in the place of all checks.

    Args:
        head: The bounds of what comes before the body.
        proxies: Peers that are believed what they say of the caller, or None.
        rates: Those that are counted in this process before the application is asked.
        body: The bounds of a body, or None.

    Returns:
        What takes a request, and whether it is a quiet GET without a body. It gives None where the request
        may go on, what the rate says of one that is not the first since long, or :data:`UNSURE`.
    """
    if len(rates) > 1:
        return unsure
    rate = rates[0] if rates else None
    arrivals: dict[str, float] = {}
    interval = 0.0
    usual: Pairs = ()
    if rate is not None:
        counter = rate.counter
        if rate.rate.by != "address" or type(counter) is not MemoryCounter:
            return unsure
        arrivals, interval, usual = counter.arrivals, rate.interval, rate.usual
    judged = None if proxies is None else proxies.judged
    digits = _ALL_DIGITS if body is None else len(str(body.limit))
    hosts = None if head is None else head.known
    most, size, address, keys = (
        (UNLIMITED,) * 4 if head is None else (head.headers, head.size, head.address, head.keys)
    )

    # Defaults of arguments that nobody gives are read in a third of the time of a closure's cells.
    def check(
        inbound: Inbound,
        bare: bool,
        judged: Mapping[str, bool] | None = judged,
        hosts: Collection[bytes | None] | None = hosts,
        most: int = most,
        size: int = size,
        address: int = address,
        keys: int = keys,
        arrivals: dict[str, float] = arrivals,
        interval: float = interval,
        never: float = math.inf,
        usual: Pairs = usual,
    ) -> Refusal | None:
        headers, client, scope = inbound.headers, inbound.client, inbound.scope
        if (
            (judged is not None and judged.get(client) is not False)
            or len(headers) > most
            or len(headers) != len(scope["headers"])
            or (hosts is not None and headers.get(b"host") not in hosts)
            or len(b"".join([*headers, *headers.values()])) > size
            or len(scope["query_string"]) > keys
            or len(scope["path"]) > address
        ):
            return UNSURE
        if not bare:
            declared = headers.get(b"content-length", b"0")
            if (
                len(declared) >= digits
                or not declared.isdigit()
                or (b"sec-fetch-site" in headers and headers[b"sec-fetch-site"] not in OWN)
                or not (inbound.quiet or _STEERING.isdisjoint(headers))
            ):
                return UNSURE
        if rate is None:
            return None
        now = inbound.arrived
        if arrivals.get(client, never) > now:  # a new caller, one of IPv6, one that asked just now
            return rate.check(inbound)
        arrivals[client] = now + interval
        inbound.more = usual
        return None

    return check
