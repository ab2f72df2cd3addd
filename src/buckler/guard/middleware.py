"""Each part of the layer by itself, for applications that want one thing, on any ASGI framework.

Every class takes the application and its own options and is an ASGI application again, so that
``app.add_middleware(SecurityHeaders)`` and ``SecurityHeaders(app)`` both work. Added as middleware, it does
not meet answers that are made outside of the middleware (an unhandled 500): :class:`~buckler.guard.Guard`
does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from buckler.guard.audit.events import Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.headers.policy import HeaderPolicy
from buckler.guard.inbound import Scope
from buckler.guard.inspection.inspection import Inspection
from buckler.guard.layer import App, Layer, Receive, Send
from buckler.guard.limits.callers import OneCaller
from buckler.guard.limits.cors import Cors
from buckler.guard.limits.csrf import Csrf
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.limits.rate import Rate, RateStore
from buckler.guard.limits.websocket import WebSocketLimits
from buckler.guard.options import GuardError, check_listener, check_store, texts
from buckler.guard.plans import Plans
from buckler.guard.policy import Changes, Policy

_MANY = 2**31
OFF: Changes = {
    "headers": None,
    "csrf": None,
    "websocket": None,
    "hosts": None,
    "body": None,
    "upload": None,
    "json_depth": _MANY,
    "json_keys": _MANY,
    "parts": _MANY,
    "files": _MANY,
    "rate": None,
    "sign_in_rate": None,
    "timeout": None,
    "concurrency": None,
}
"""A policy that does nothing; a part alone changes what is its own."""


class _Part:
    """One part of the layer around an application."""

    def __init__(
        self,
        app: App,
        changes: Changes,
        *,
        events: Listener | None = None,
        store: RateStore | None = None,
    ) -> None:
        if not callable(app):
            raise GuardError(
                f"{type(self).__name__} stands around an ASGI application, not {app!r}",
                hint=f"app.add_middleware({type(self).__name__}, ...), or around the application",
            )
        for name, value in changes.items():
            if value is None:
                raise GuardError(
                    f"{type(self).__name__} does nothing with {name}=None",
                    hint=f"give it a value, or leave {type(self).__name__} out",
                )
        check_listener(events)
        check_store(store)
        merged = OFF.copy()
        merged.update(changes)
        policy = Policy(**merged)
        # Plans are made now, so that a wrong option is told where it is written.
        # The check of a host is the one part that has the other checks of a head with it.
        head = policy.hosts is not None
        # Nobody is told of a caller's address where it decides nothing.
        caller = (
            OneCaller(Teller(events) if events is not None else None)
            if {"rate", "websocket"} & {*changes}
            else None
        )
        look = caller.look if caller is not None else None
        plans = Plans((), policy, MemoryStore() if store is None else store, head=head, look=look)
        self.app = app
        if policy.inspect is not None:
            from buckler.guard.inspection.inspecting import Inspecting

            app = Inspecting(app, Teller(events) if events is not None else _nobody)
        self._layer = Layer(app, lambda: plans, listener=events, concurrency=policy.concurrency)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        await self._layer(scope, receive, send)

    def __getattr__(self, name: str) -> Any:
        """What the application has: routes, state."""
        if name == "app" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.app, name)


def _nobody(event: SecurityEvent) -> None:
    """Where nobody listens, a request may still be refused."""


class SecurityHeaders(_Part):
    """The headers alone.

    Args:
        app: What it stands around.
        headers: What answers say; else the defaults of an interface without pages.
    """

    def __init__(self, app: App, headers: HeaderPolicy | None = None) -> None:
        super().__init__(app, {"headers": HeaderPolicy() if headers is None else headers})


class TrustedHosts(_Part):
    """The check of ``Host`` alone.

    Args:
        app: What it stands around.
        hosts: Host names; ``*.example.com`` stands for names below it.
        events: Gets the refusals.
    """

    def __init__(self, app: App, hosts: Sequence[str], *, events: Listener | None = None) -> None:
        super().__init__(app, {"hosts": hosts}, events=events)


class HttpsOnly(_Part):
    """Plain http is redirected or refused.

    Args:
        app: What it stands around.
        mode: ``redirect`` or ``require``.
        proxies: Networks whose ``X-Forwarded-Proto`` is believed.
    """

    def __init__(
        self,
        app: App,
        mode: Literal["redirect", "require"] = "redirect",
        *,
        proxies: Sequence[str] = (),
    ) -> None:
        super().__init__(app, {"https": mode, "proxies": proxies})


class BodyLimit(_Part):
    """The size of bodies alone, chunks counted.

    Args:
        app: What it stands around.
        body: Bytes, or ``"1 MB"``.
        upload: The same for a form with files; else as ``body``.
        events: Gets the refusals.
    """

    def __init__(
        self,
        app: App,
        body: int | str = "1 MB",
        *,
        upload: int | str | None = None,
        events: Listener | None = None,
    ) -> None:
        super().__init__(
            app, {"body": body, "upload": body if upload is None else upload}, events=events
        )


class RateLimit(_Part):
    """How often an address may ask.

    Args:
        app: What it stands around.
        rate: ``"100/minute"``, or several.
        store: Where it is counted; else this process.
        proxies: Networks whose ``X-Forwarded-For`` is believed.
        events: Gets the refusals.
    """

    def __init__(
        self,
        app: App,
        rate: str | Rate | Sequence[str | Rate],
        *,
        store: RateStore | None = None,
        proxies: Sequence[str] = (),
        events: Listener | None = None,
    ) -> None:
        if not isinstance(rate, str | Rate) and not rate:
            raise GuardError("RateLimit does nothing without a rate", hint="e.g. '100/minute'")
        super().__init__(app, {"rate": rate, "proxies": proxies}, events=events, store=store)


class CrossOrigin(_Part):
    """Who may read answers from another origin.

    Args:
        app: What it stands around.
        cors: The list.
    """

    def __init__(self, app: App, cors: Cors) -> None:
        super().__init__(app, {"cors": cors})


class CsrfProtection(_Part):
    """The check of requests that another site may have caused.

    Args:
        app: What it stands around.
        trusted: Origins whose pages may do so.
        events: Gets the refusals.
    """

    def __init__(
        self, app: App, trusted: Iterable[str] = (), *, events: Listener | None = None
    ) -> None:
        origins = texts(trusted, "trusted", "https://app.shop.example")
        super().__init__(app, {"csrf": Csrf(origins)}, events=events)


class WebSocketBounds(_Part):
    """Origins, sizes and rates of websockets.

    Args:
        app: What it stands around.
        limits: The bounds.
        events: Gets the refusals.
    """

    def __init__(
        self, app: App, limits: WebSocketLimits | None = None, *, events: Listener | None = None
    ) -> None:
        super().__init__(
            app, {"websocket": WebSocketLimits() if limits is None else limits}, events=events
        )


class TimeLimit(_Part):
    """Seconds until an answer begins, and requests under way at once.

    Args:
        app: What it stands around.
        seconds: Of one request.
        concurrency: Requests at once, or None.
    """

    def __init__(self, app: App, seconds: float = 30.0, *, concurrency: int | None = None) -> None:
        changes: Changes = {"timeout": seconds}
        if concurrency is not None:
            changes["concurrency"] = concurrency
        super().__init__(app, changes)


class AttackInspection(_Part):
    """The look at values for attacks.

    Args:
        app: What it stands around.
        inspection: What is looked for, and what becomes of it.
        events: Gets what was seen.
    """

    def __init__(
        self, app: App, inspection: Inspection | None = None, *, events: Listener | None = None
    ) -> None:
        super().__init__(
            app, {"inspect": Inspection() if inspection is None else inspection}, events=events
        )
