"""``Guard(app)``: puts the layer around an application, in the one place where nothing gets past it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from buckler.guard import docs
from buckler.guard.audit.events import Kind, Listener, SecurityEvent
from buckler.guard.layer import Layer
from buckler.guard.limits.memory import MemoryStore
from buckler.guard.limits.rate import RateStore
from buckler.guard.options import GuardError
from buckler.guard.plans import Plans
from buckler.guard.policy import Changes, Policy
from buckler.guard.presets import PRESETS, Preset
from buckler.guard.routes import read

if TYPE_CHECKING:
    from starlette.applications import Starlette

INSTALLED = "__buckler_guard__"


class Guard:
    """Guards a FastAPI or Starlette application.

    ``Guard(app)`` gives headers, bounds and errors. The layer stands outside of Starlette's own error
    handling, so that it also meets the 500 that nobody caught.

    Args:
        app: Not started yet.
        preset: ``api``, ``site`` or ``strict``; or a policy of your own.
        events: Gets the security events, e.g. ``Audit(...)``.
        store: Where rates are counted: this process, or Redis for many.
        errors: Whether errors become problem details that tell nothing.
        local_docs: Whether ``/docs`` and ``/redoc`` work under the policy, their assets served from
            here (the ``docs`` extra).
        changes: Options of :class:`~buckler.guard.Policy` that differ from the preset's.

    Raises:
        GuardError: An option is wrong, the application runs already, or it has a guard.
    """

    def __init__(
        self,
        app: Starlette,
        preset: Preset | Policy = "api",
        *,
        events: Listener | None = None,
        store: RateStore | None = None,
        errors: bool = True,
        local_docs: bool = True,
        **changes: Unpack[Changes],
    ) -> None:
        if not hasattr(app, "build_middleware_stack"):
            raise GuardError(
                f"Guard takes a FastAPI or Starlette application, not {type(app).__name__}",
                hint="give it the application itself, before other layers are put around it",
            )
        if getattr(app, "middleware_stack", None) is not None:
            raise GuardError(
                "the application runs already", hint="call Guard(app) where it is made"
            )
        if hasattr(app, INSTALLED):
            raise GuardError("the application has a guard", hint="call Guard(app) once")
        if isinstance(preset, str) and preset not in PRESETS:
            raise GuardError(f"there is no preset {preset!r}", hint=f"one of {', '.join(PRESETS)}")
        base = PRESETS[preset]() if isinstance(preset, str) else preset
        self.app = app
        self.policy = replace(base, **changes)
        self._events = events
        self._store = store or MemoryStore()
        self._errors = errors
        self._docs = local_docs
        self._build: Callable[[], Any] = app.build_middleware_stack
        # The instance's own attribute: Starlette calls it once, when the first message comes.
        app.build_middleware_stack = self._stack  # type: ignore[method-assign]
        setattr(app, INSTALLED, self)

    def _stack(self) -> Layer:
        if self._errors:
            from buckler.guard.errors.handlers import install

            install(self.app)
        if self._docs:
            docs.install(self.app)
        return Layer(
            self._build(),
            self._plans,
            listener=self._events,
            concurrency=self.policy.concurrency,
            closing=self._close,
        )

    def _plans(self) -> Plans:
        plans = Plans(tuple(read(self.app)), self.policy, self._store, docs.policies(self.policy))
        for reason, message in self.weaknesses():
            self._tell(reason, message)
        return plans

    def weaknesses(self) -> list[tuple[str, str]]:
        """What is set weaker than the defaults: a word and a sentence for each."""
        from buckler.guard.weaknesses import found

        return list(found(self.app, self.policy, errors=self._errors))

    def _tell(self, reason: str, message: str) -> None:
        import logging

        logging.getLogger("buckler.guard").warning("%s: %s", reason, message)
        if self._events is not None:
            self._events(SecurityEvent(kind=Kind.CONFIGURATION, reason=reason, message=message))

    async def _close(self) -> None:
        close = getattr(self._events, "close", None)
        if close is not None:
            import anyio.to_thread

            await anyio.to_thread.run_sync(close)
