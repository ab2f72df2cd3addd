"""The one ASGI layer around an application, outside of everything else.

Threat: a header, a bound or a check that the unhandled 500, the 413, the redirect, the mounted
application, the file or the websocket never meets. Written for speed: what a route needs was compiled
when the application started (``plans.py``), and a request without a body passes through two calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack
from inspect import CO_COROUTINE
from typing import Any, Final

from buckler.guard.answers import send_refusal
from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.audit.teller import Teller
from buckler.guard.inbound import ENDED, KEY, Inbound, Scope, gone, over
from buckler.guard.limits.connections import Connections
from buckler.guard.limits.in_flight import BUSY, TOO_LONG, Flights, current_task
from buckler.guard.limits.plain import UNSURE
from buckler.guard.plans import Asked, Plan, Plans
from buckler.guard.refusal import Refusal
from buckler.guard.response_check.holding import ResponseCheck
from buckler.guard.response_check.judging import Mode
from buckler.guard.stack import HANDLERS, Stack

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
log: Final = logging.getLogger("buckler.guard")
TOLD: Final = "__buckler_incident__"
"""Attribute of an exception that was told: the number of the request, ``logged`` or ``heard``."""
UNBOUNDED: Final = 2**30 - 1  # of one digit: compared more quickly than infinity
_PLAIN: Final = (lambda: None).__code__  # of a function that is no coroutine
UNANSWERED: Final = Refusal(500, "", EventKind.FAILED, "no_answer")


class Layer:
    """Everything that guard does, around an ASGI application.

    Args:
        app: What it stands around.
        plan: Makes the plans; called at the start, or at the first request where there is none.
        listener: Gets the security events; must come back at once.
        concurrency: Requests under way at once, or None.
        opening: Awaited before the application starts.
        outdated: Whether the plans have to be made anew; asked where no route is known to answer a request.
        closing: Called when the application has ended.
        answers: What becomes of an answer that holds a secret: ``fail``, ``log``, ``strip`` or None.
        stack: The short way into the application, where it is Starlette's.
    """

    def __init__(
        self,
        app: App,
        plan: Callable[[], Plans],
        *,
        listener: Listener | None = None,
        concurrency: int | None = None,
        opening: Callable[[], Awaitable[None]] | None = None,
        outdated: Callable[[], bool] = bool,
        closing: Callable[[], Awaitable[None]] | None = None,
        answers: Mode | None = None,
        stack: Stack | None = None,
    ) -> None:
        self.app = app
        self._compile = plan
        self._listener = None if listener is None else Teller(listener)
        self._most = concurrency or UNBOUNDED
        self._opening = opening
        self._outdated = outdated
        self._closing = closing
        self._check = None if answers is None else ResponseCheck(answers, self.emit)
        # What holds an answer back knows better than the layer when it began.
        self.stack = stack if self._check is None and stack is not None and stack.short else None
        self._plans: Plans | None = None
        self._known: Mapping[Asked, Plan] = {}
        self._flights = Flights(None, self._late)
        self._instead = self.instead
        self.connections = Connections()
        self._answers_late: set[asyncio.Future[None]] = set()
        self._scopes = 0  # requests under way on trio

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            others = {"websocket": self._websocket, "lifespan": self._lifespan}
            await others.get(scope["type"], self.app)(scope, receive, send)
            return
        method = scope["method"]
        known = self._known.get((method, scope["path"], scope.get("root_path")))
        plan = known or self._plan(scope)
        inbound = scope[KEY] = Inbound(scope, plan, send, self._instead)
        # Neither header, no body (RFC 9112, 6.3); HTTP/2 and 3 need none, nor do adapters of servers.
        bare = (
            method == "GET"
            and inbound.quiet
            and b"content-length" not in inbound.headers
            and scope["http_version"] == "1.1"
        )
        try:
            plain = plan.plain  # called as a method, an attribute that holds a function costs more
            refusal = plain(inbound, bare)
            if refusal is UNSURE:
                refusal = await self._checked(inbound, bare)
        except Exception as error:  # a key of a rate that the application gives, a store
            await self._failed(inbound, error)
            raise
        if refusal is not None:
            await self._refuse(inbound, refusal)
            return
        if not bare and plan.body is not None:
            receive = plan.body.watch(inbound, receive)
        try:
            loop = get_running_loop()
        except RuntimeError:  # trio
            await self._scoped(inbound, receive)
            return
        flights = self._flights
        if loop is not flights.loop:
            flights.watch(loop)
        task = current_task(loop)
        under_way = flights.under_way
        if task is None or task in under_way:
            await self._run(inbound, receive, self._answering(inbound))
            return
        if len(under_way) >= self._most and not flights.made_room(inbound.client, self._most):
            await self._refuse(inbound, BUSY)
            return
        under_way[task] = inbound
        stack = self.stack
        try:
            if stack is None:
                await self.app(scope, receive, self._answering(inbound))
            else:
                scope[HANDLERS] = stack.handlers
                answer = inbound.answer
                # Applications make tasks of it, as they can of what Starlette's layers hand on; granian's is none.
                if not getattr(send, "__code__", _PLAIN).co_flags & CO_COROUTINE:
                    answer = inbound.answered
                try:
                    inner = stack.inner
                    if stack.exits is None:
                        await inner(scope, receive, answer)
                    else:  # as FastAPI does it, one call less
                        exits = scope[stack.exits] = AsyncExitStack()
                        try:
                            await inner(scope, receive, answer)
                        except BaseException as error:
                            if not await exits.__aexit__(type(error), error, error.__traceback__):
                                raise
                        else:
                            if exits._exit_callbacks:  # type: ignore[attr-defined]  # mostly none
                                await exits.aclose()
                except Exception as error:  # noqa: BLE001 - handed to those whose errors these are
                    begun = inbound.started or inbound.begun
                    await stack.failed(error, scope, receive, answer, started=begun)
            if not inbound.started:
                await self._unanswered(inbound)
        except asyncio.CancelledError:
            if not flights.was_late(task):
                raise
            task.uncancel()
            if not inbound.started and not inbound.replaced:
                await self._refuse(inbound, TOO_LONG)
        except Exception as error:
            if not await self._failed(inbound, error):
                raise
        finally:
            del under_way[task]
            if flights.late and flights.was_late(task):
                task.uncancel()  # the application took the cancellation for something of its own
            # The scope holds the inbound, and the server's own object both: no cycle for the collector.
            inbound.scope, inbound.receive = ENDED, gone
            if not inbound.replaced:  # an answer of guard's own may still be on its way
                inbound.send = over

    def put_around(self, put: Callable[[App], App]) -> None:
        """Put something more between the layer and the application."""
        self.app, self.stack = put(self.app), None

    async def _checked(self, inbound: Inbound, bare: bool) -> Refusal | None:
        """What the first of all checks says that has something against a request."""
        plan = inbound.plan
        for check in plan.reading if inbound.scope["method"] == "GET" else plan.checks:
            refusal = check(inbound)
            if refusal is not None:
                return refusal
        for rate in plan.waiting:
            refusal = await rate.wait(inbound)
            if refusal is not None:
                return refusal
        return None if bare or plan.body is None else plan.body.check(inbound)

    async def _unanswered(self, inbound: Inbound) -> None:
        """The application came back without an answer: a server's own 500 would have no header of ours."""
        if inbound.replaced:
            return
        if inbound.refusal is not None:
            await self._refuse(inbound, inbound.refusal)
            return
        log.error("incident %s: the application gave no answer", inbound.id)
        await self._refuse(inbound, UNANSWERED)

    def _late(self, inbound: Inbound) -> None:
        """Answer for a request whose thread cannot be ended; it counts as under way until it ends."""
        inbound.refusal, inbound.replaced = TOO_LONG, True
        task = asyncio.ensure_future(self._refuse(inbound, TOO_LONG))
        self._answers_late.add(task)
        task.add_done_callback(self._answers_late.discard)

    def _plan(self, scope: Scope) -> Plan:
        plans = self._plans or self._started()
        plan = plans.of(scope)
        # What a route answers for certain is remembered; of anything else a route may have come since.
        if not plans.knows(scope) and self._outdated():
            self.recompile()
            plan = self._started().of(scope)
        return plan

    def recompile(self) -> None:
        """Make the plans anew at the next request."""
        self._plans = None
        self._known = {}

    def _started(self) -> Plans:
        if self.stack is not None:  # whoever starts with the application may have put something in
            self.stack = self.stack.again(self.app)
        plans = self._plans = self._compile()
        self._known = plans.known
        shortest = min(plan.timeout for plan in plans.all())
        self._flights = Flights(None if shortest == math.inf else shortest, self._late)
        return plans

    def _answering(self, inbound: Inbound) -> Send:
        if self._check is None:
            return inbound.answer
        return self._check.around(inbound, inbound.answer)

    def instead(self, inbound: Inbound, message: Message) -> Awaitable[None]:
        """A message of an answer that guard's own takes the place of, unless it had begun."""
        refusal = inbound.refusal
        begins = message["type"] == "http.response.start"
        inbound.begun |= begins
        if inbound.replaced:
            return _nothing()
        if refusal is None or inbound.started or not begins:
            return inbound.send(message)
        return self._refuse(inbound, refusal)

    async def _scoped(self, inbound: Inbound, receive: Receive) -> None:
        """The same on trio, where a cancel scope bounds the time."""
        import anyio

        answering = self._answering(inbound)
        if self._scopes >= self._most:
            await self._refuse(inbound, BUSY)
            return
        self._scopes += 1
        try:
            with anyio.move_on_after(inbound.plan.timeout) as limit:

                def answered(message: Message) -> Awaitable[None]:
                    if message["type"] == "http.response.start":
                        limit.deadline = math.inf
                    return answering(message)

                await self._run(inbound, receive, answered)
            if limit.cancelled_caught and not inbound.started and not inbound.replaced:
                await self._refuse(inbound, TOO_LONG)
        finally:
            self._scopes -= 1

    async def _run(self, inbound: Inbound, receive: Receive, answered: Send) -> None:
        try:
            await self.app(inbound.scope, receive, answered)
            if not inbound.started:
                await self._unanswered(inbound)
        except Exception as error:
            if not await self._failed(inbound, error):
                raise

    async def _failed(self, inbound: Inbound, error: Exception) -> bool:
        """The application raised: the story goes to the log, the caller gets the number.

        Returns:
            Whether it was guard's own doing, so that nobody has to hear of it.
        """
        if inbound.refusal is not None and not inbound.started:
            if not inbound.replaced:
                await self._refuse(inbound, inbound.refusal)
            return True
        self.tell_failure(inbound, error)
        if not inbound.started and not inbound.replaced:
            await send_refusal(inbound, Refusal(500, "", EventKind.FAILED, ""))
        return False

    def tell_failure(self, inbound: Inbound, error: Exception) -> None:
        """Once, of however many layers it passes: to the log, and to the first that has a listener."""
        name = type(error).__name__
        number, told = getattr(error, TOLD, ("", ""))
        if number != inbound.id:  # an application may raise the same one for every request
            told = ""
            log.error("incident %s: unhandled %s", inbound.id, name, exc_info=error)
        if self._listener is not None and told != "heard":
            message, status = "The application raised an error", 0 if inbound.started else 500
            self.emit(inbound, EventKind.FAILED, name, message, status=status)
            told = "heard"
        with contextlib.suppress(AttributeError):  # of a class without room for it
            setattr(error, TOLD, (inbound.id, told or "logged"))

    async def _refuse(self, inbound: Inbound, refusal: Refusal) -> None:
        if refusal.reason:
            self.emit(
                inbound,
                refusal.kind,
                refusal.reason,
                refusal.title,
                status=refusal.status,
                detail=refusal.detail,
            )
        await send_refusal(inbound, refusal)

    def emit(
        self,
        inbound: Inbound,
        kind: EventKind,
        reason: str,
        message: str,
        *,
        status: int = 0,
        detail: dict[str, str | int] | None = None,
    ) -> None:
        """Tell the listener what happened to a request."""
        if self._listener is not None:
            self._listener(
                SecurityEvent(
                    kind=kind,
                    reason=reason,
                    message=message,
                    request_id=inbound.id,
                    method=inbound.scope.get("method", ""),
                    route=inbound.plan.template,
                    client=inbound.client,
                    principal=inbound.principal,
                    status=status,
                    detail=detail or {},
                )
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        from buckler.guard.websockets import connect

        await connect(self, self._plan(scope), scope, receive, send)

    async def _lifespan(self, scope: Scope, receive: Receive, send: Send) -> None:
        from buckler.guard.lifespan import through

        await through(
            self.app,
            scope,
            receive,
            send,
            starting=self._start,
            started=self._start_again,
            closing=self._closing,
        )

    async def _start(self) -> None:
        if self._plans is None:
            self._started()
            if self._opening is not None:
                await self._opening()

    def _start_again(self) -> None:
        """What the application added while it started is a route as any other."""
        if self._plans is not None:
            self.recompile()
            self._started()


async def _nothing() -> None:
    """What becomes of an answer that guard gave instead."""
