"""What a guard does about access when the application is made and when it starts."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from buckler.guard.access import deny, docs
from buckler.guard.access.permissions import resolve
from buckler.guard.access.requirement import Requirement
from buckler.guard.beside import parts
from buckler.guard.options import Weakness, flag
from buckler.guard.routes import Route, applications

if TYPE_CHECKING:
    from buckler.guard.access.access import Access
    from buckler.guard.auth.identities import Identities


class AccessSetup:
    """The identities of an application, and the rule that no route is silent of who may pass.

    Args:
        identities: None where there are none.
        documentation: The option ``docs``.
        denies: Whether each route must say it; None: where there are identities.

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self, identities: Identities | None, documentation: Any, denies: bool | None
    ) -> None:
        self.identities = identities
        self._documentation = docs.rule(documentation)
        self._denies = identities is not None if denies is None else flag(denies, "deny")
        self._routes: tuple[Route, ...] = ()
        self._parts: tuple[Any, ...] = ()

    @property
    def access(self) -> Access | None:
        """What decides on requests."""
        return None if self.identities is None else self.identities.access

    def install(self, app: Any) -> None:
        """Put the rule around the documentation, and the ways to come in into it."""
        for one in (app, *applications(app)):
            if self._documentation is not None:
                docs.install(one, self._documentation)
            if self.identities is not None and hasattr(one, "openapi"):
                from buckler.guard.access import openapi

                openapi.install(one, self.identities.ways, self.permissions)

    def check(self, app: Any, routes: tuple[Route, ...]) -> None:
        """Look whether every route says who may pass.

        Args:
            app: The application.
            routes: Of it, as they were read.

        Raises:
            GuardError: Some do not.
        """
        self._routes = routes
        # Held, not numbered: the number of an object that is gone comes again.
        self._parts = tuple(parts(app))
        deny.check_owners(routes)
        if self.identities is not None:
            self.identities.roles.forget()
        if self._denies:
            deny.check(routes)

    @property
    def denies(self) -> bool:
        """Whether a route that is silent of who may pass stops the application."""
        return self._denies

    def outdated(self, app: Any) -> bool:
        """Whether routes came or went since they were looked at."""
        if not self._denies:
            return False
        now = tuple(parts(app))
        return len(now) != len(self._parts) or not all(map(operator.is_, now, self._parts))

    def permissions(self) -> frozenset[str]:
        """All permissions that the application names: in its roles, its options and at its routes."""
        found = {one for rule in _rules(self._routes) for one in rule.permissions}
        if self.identities is not None:
            found |= self.identities.named()
        return frozenset(found)

    def signs_in_at(self) -> tuple[str, ...]:
        """Origins that the documentation calls to sign in, as far as routes say so."""
        return tuple(sorted({one for rule in _rules(self._routes) for one in rule.signs_in_at}))

    def weaknesses(self) -> Iterator[Weakness]:
        """What is set weaker than the defaults, and permissions that no role gives."""
        if self.identities is None:
            if any(not (rule.public or rule.elsewhere) for rule in _rules(self._routes)):
                yield (
                    "no_identities",
                    "routes state who may call them and nobody can be known, so that all get 500: "
                    "write Guard(app, secret=..., database=...)",
                )
            return
        if not self._denies:
            yield (
                "deny_off",
                "deny=False: a route that says nothing of who may pass is open; leave it out",
            )
        from buckler.guard.auth.identities import PERMISSIONS
        from buckler.guard.auth.weaknesses import of_identities

        yield from of_identities(self.identities.policy, self.identities.stores)
        granted = {one for role in self.identities.roles.given for one in role.permissions}
        if not granted:
            return
        # Those of the ready-made routes are not the application's to misspell.
        given = resolve(granted, self.permissions()) | frozenset(PERMISSIONS)
        for rule in _rules(self._routes):
            for one in rule.permissions:
                if one not in given:
                    yield (
                        "permission_unknown",
                        f"{one}: a route requires it and no role in code gives it; is it misspelt?",
                    )


def _rules(routes: Iterable[Route]) -> Iterator[Requirement]:
    for entry in deny.table(routes):
        yield from entry.rules
