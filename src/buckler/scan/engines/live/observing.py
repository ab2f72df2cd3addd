"""Asks a site for every kind of answer that it has, as a visitor does; with the user's word, for more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from buckler.core.redact import is_secret_name
from buckler.scan.engines.attack.drafts import Draft, benign
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.observe import kind_of
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.strangers import FOREIGN_ORIGIN, Strangers
from buckler.scan.engines.attack.values import resolve
from buckler.scan.engines.interface import Exchange, Request, Slot
from buckler.scan.engines.live.known import Known
from buckler.scan.engines.live.session import SiteSession
from buckler.scan.model.application import Operation

MAX_ORIGINS = 5
"""Operations that are asked from a foreign origin."""
MAX_INVALID = 12
"""Requests that validation has to refuse."""
MAX_HOSTS = 8
_BODY = Slot("body", "")


class SiteObserver:
    """Fills the observations of a run.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        session: Carries the requests.
        known: What was found out before.
    """

    def __init__(self, run: Run, explorer: Explorer, session: SiteSession, known: Known) -> None:
        self._run, self._explorer, self._session, self._known = run, explorer, session, known

    def visit(self, absent: Iterable[Exchange]) -> None:
        """What any visitor's browser sends.

        Args:
            absent: Answers to what is not there.
        """
        run = self._run
        pages = {operation.key: operation for operation in run.operations}
        for exchange in (*run.seen.everything, *absent, *self._known.visited):
            meant = exchange.operation or pages.get(f"GET {exchange.request.path}")
            self._keep(replace(exchange, operation=meant))
        for exchange in self._known.docs:
            run.seen.kinds.setdefault("docs", []).append(exchange)
        for exchange in self._asked("GET", self._known.files, ()):
            if exchange.answer.status == 200 and exchange.reached:
                run.seen.kinds.setdefault("static", []).append(exchange)
        first = next((op for op in run.operations if op.fastapi and "{" not in op.path), None)
        if first is not None:
            for exchange in self._asked("OPTIONS", [first.path], ()):
                self._keep(exchange)
        for request, answer in run.signed_in.values():
            made = self._session.addressed(request)
            run.seen.kinds.setdefault("login", []).append(Exchange(None, made, answer, answer.ok))
        self._origins()

    def provoke(self, unsent: Iterable[Operation]) -> None:
        """What nobody sends by mistake: a foreign host, wrong values, made-up credentials.

        Args:
            unsent: Operations that change something; they get what their schema refuses, and
                nothing that it takes.
        """
        run = self._run
        self._hosts()
        for operation, draft in self._invalid(unsent):
            request = self._session.addressed(draft.request(None, ""))
            answer = self._session.many([request])[0]
            if answer is not None and answer.status in (400, 422):
                self._keep(Exchange(operation, request, answer))
        strangers = Strangers(run, self._explorer)
        strangers.collect()

    def sort(self) -> None:
        """Put the answers to errors to those of their kind."""
        for exchange in (e for kept in self._run.seen.failures.values() for e in kept):
            if kind_of(exchange.answer) == "500":
                self._keep(exchange)

    def _keep(self, exchange: Exchange) -> None:
        kind = kind_of(exchange.answer)
        if kind:
            kept = self._run.seen.kinds.setdefault(kind, [])
            if exchange not in kept:
                kept.append(exchange)

    def _asked(
        self, method: str, paths: Iterable[str], headers: tuple[tuple[str, str], ...]
    ) -> list[Exchange]:
        base = (("host", self._run.host), ("accept", "*/*"))
        requests = []
        for path in paths:
            bare, _, query = path.partition("?")
            requests.append(Request(method, bare, query, (*base, *headers)))
        return self._session.exchanges(requests)

    def _origins(self) -> None:
        """A request of another site's page, and the question that a browser asks before one."""
        run = self._run
        open_ones = [op for op in run.operations if op.method == "GET" and "{" not in op.path]
        chosen = sorted(open_ones, key=lambda op: not op.fastapi)[:MAX_ORIGINS]
        for origin in (FOREIGN_ORIGIN, "null"):
            kept = run.seen.preflights.setdefault(origin, [])
            for operation in chosen:
                draft = self._explorer.drafts.get(operation.key) or benign(operation, host=run.host)
                made = replace(draft, headers={**draft.headers, "origin": origin})
                identity = run.identity(self._explorer.best_identity(operation))
                exchange = exchanged(run, operation, made.request(identity, ""))
                # What lets an origin in is of the site: which code does, nobody sees from outside.
                kept += [replace(exchange, operation=None)] if exchange else []
            wanted = (("origin", origin), ("access-control-request-method", "GET"))
            kept += self._asked("OPTIONS", [op.path for op in chosen[:1]] or ["/"], wanted)

    def _hosts(self) -> None:
        """The host that a request names, where the site has nothing to do with it.

        A proxy may hand such a request to another site, which says nothing of this one: only an answer
        like the usual one counts.
        """
        run = self._run
        usual = [op for op in run.operations if op.method == "GET" and self._usual(op) is not None]
        for number, operation in enumerate(usual[:MAX_HOSTS]):
            host = run.canaries.new().host
            draft = self._explorer.drafts.get(operation.key) or benign(operation, host=run.host)
            before, own = self._usual(operation), draft.host
            draft.host = host
            request = draft.request(run.identity(self._explorer.best_identity(operation)), "")
            draft.host = own
            exchange = exchanged(run, operation, request)
            if exchange is None or before is None or not exchange.reached:
                continue
            same = (before.answer.status, before.answer.media_type)
            if same == (exchange.answer.status, exchange.answer.media_type):
                run.seen.hosts.append((host, exchange))
                if number == 0:
                    run.seen.kinds.setdefault("host", []).append(exchange)

    def _usual(self, operation: Operation) -> Exchange | None:
        cells = self._run.seen.matrix.get(operation.key, {})
        return next((cell for cell in cells.values() if cell.reached), None)

    def _invalid(self, unsent: Iterable[Operation]) -> Iterator[tuple[Operation, Draft]]:
        made = 0
        for operation in unsent:
            draft = refused(benign(operation, host=self._run.host))
            if draft is not None and made < MAX_INVALID:
                made += 1
                yield operation, draft


def refused(draft: Draft) -> Draft | None:
    """A request that its own schema refuses, so that no handler runs; None where nothing is certain to.

    Another field keeps the secret in it, which the answer may repeat.

    Args:
        draft: A valid one.
    """
    body = draft.operation.body
    if body is None or not body.fields or not body.fields[0].required or draft.files:
        return None
    schema = resolve(body.fields[0].schema)
    required = schema.get("required")
    properties = schema.get("properties")
    if not isinstance(required, list) or not isinstance(properties, dict):
        return None
    names = [name for name in required if isinstance(name, str) and name in properties]
    missing = next((name for name in names if not is_secret_name(name)), None)
    if not body.is_json:
        left = [pair for pair in draft.form if pair[0] != missing]
        return replace(draft, form=left, attacked=frozenset()) if missing else None
    if not isinstance(draft.json, dict):
        return None
    if missing is not None:
        data = {name: value for name, value in draft.json.items() if name != missing}
        return replace(draft, json=data, attacked=frozenset())
    strict = next((name for name in names if _is_strict(properties[name], schema)), None)
    if strict is None:
        return None
    return replace(
        draft, json={**draft.json, strict: [draft.json.get(strict)]}, attacked=frozenset()
    )


def _is_strict(schema: Any, root: Any) -> bool:
    """Whether a field takes one plain type, so that an object in its place is refused."""
    made = resolve(schema, root) if isinstance(schema, dict) else {}
    return made.get("type") in ("string", "integer", "number", "boolean")
