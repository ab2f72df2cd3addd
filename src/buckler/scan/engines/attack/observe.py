"""Collects samples of every kind of answer, and what other identities may see.

These requests carry no payload: they are what a browser, a curious visitor or another
customer would send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from buckler.scan.engines.attack.drafts import Draft, benign
from buckler.scan.engines.attack.explore import (
    Explorer,
    candidates,
    entered,
    identifiers,
)
from buckler.scan.engines.attack.identities import login_request
from buckler.scan.engines.attack.patterns import matching
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Answer, Exchange, Request, Slot
from buckler.scan.model.application import Operation

ATTEMPTS = 12
FOREIGN_ORIGIN = "https://buckler-origin.test"
LOGIN = re.compile(r"log-?in|sign-?in|/token|/auth|session", re.IGNORECASE)
PASSWORD = re.compile(r"pass(word|wd|phrase)?$|pwd", re.IGNORECASE)
_BODY = Slot("body", "")


class Observer:
    """Fills the observations of a run.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def observe(self) -> None:
        """Send everything."""
        self._sample_known()
        self._sample_errors()
        self._sample_documents()
        self._origins()
        self._hosts()
        self._foreign_objects()
        self._logins()

    def _raw(
        self,
        method: str,
        path: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
        operation: Operation | None = None,
    ) -> Exchange | None:
        run = self._run
        named = {name for name, _ in headers}
        base = (("host", run.host), ("accept", "*/*"))
        request = Request(
            method, path, "", (*(p for p in base if p[0] not in named), *headers), body, client=run.client()
        )
        answer = run.send(request)
        if answer is None:
            return None
        return Exchange(operation, request, answer, bool(operation and entered(operation, answer)))

    def _keep(self, kind: str, exchange: Exchange | None) -> None:
        if exchange is not None and exchange.answer.status is not None:
            self._run.seen.kinds.setdefault(kind, []).append(exchange)

    def _sample_known(self) -> None:
        """Sort what exploring brought by kind."""
        for exchange in self._run.seen.everything:
            kind = kind_of(exchange.answer)
            if kind and exchange.request.method != "WEBSOCKET":
                self._keep(kind, exchange)

    def _sample_errors(self) -> None:
        run = self._run
        self._keep("404", self._raw("GET", "/buckler-no-such-path"))
        first = next((op for op in run.operations if not op.is_websocket and "{" not in op.path), None)
        if first is not None:
            methods = {op.method for op in run.operations if op.path == first.path}
            other = next((m for m in ("DELETE", "PATCH", "PUT", "POST") if m not in methods), None)
            if other:
                self._keep("405", self._raw(other, first.path))
        for operation in run.operations:
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or operation.body is None or run.states[operation.key].lost:
                continue
            identity = run.identity(self._explorer.best_identity(operation))
            for broken in _invalid(draft):
                request = broken.request(identity, run.client())
                answer = run.send(request, operation)
                if answer is not None and answer.status == 422:
                    self._keep("422", Exchange(operation, request, answer))

    def _sample_documents(self) -> None:
        for path in (*self._run.model.docs, *(d for m in self._run.model.mounts for d in m.docs)):
            self._keep("docs", self._raw("GET", path))
        for mount in self._run.model.mounts:
            for name in (mount.static or {}).get("files", [])[:1]:
                self._keep("static", self._raw("GET", f"{mount.path}/{name}"))

    def _origins(self) -> None:
        """A CORS request and its preflight from origins that ought not to be let in."""
        run = self._run
        operation = next((op for op in run.operations if op.method == "GET" and "{" not in op.path), None)
        path = operation.path if operation else "/"
        for origin in (FOREIGN_ORIGIN, "null", *self._near_origins()):
            plain = self._raw("GET", path, (("origin", origin),), operation=operation)
            asked = (("origin", origin), ("access-control-request-method", "GET"))
            preflight = self._raw("OPTIONS", path, asked)
            run.seen.preflights[origin] = [e for e in (plain, preflight) if e is not None]

    def _near_origins(self) -> Iterator[str]:
        """Origins that look like an allowed one and belong to somebody else."""
        for item in self._run.model.middleware:
            if "CORS" not in item.name:
                continue
            allowed = [str(o) for o in item.options.get("allow_origins") or [] if "://" in str(o)]
            pattern = item.options.get("allow_origin_regex")
            if isinstance(pattern, str):
                allowed += [made] if (made := matching(pattern)) else []
            for origin in allowed[:3]:
                scheme, _, host = origin.partition("://")
                yield f"{scheme}://{host.replace('.', 'x', 1)}" if "." in host else f"{scheme}://{host}.test"
                yield f"{scheme}://{host}.buckler-origin.test"
                yield f"{scheme}://buckler-{host}"
                if scheme == "https":
                    yield f"http://{host}"

    def _hosts(self) -> None:
        """The application's answers to a Host header that is not its own."""
        run = self._run
        for operation in run.operations:
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or operation.is_websocket or not operation.takes_request or run.states[operation.key].lost:
                continue
            host = run.canaries.new().host
            draft.host, own = host, draft.host
            request = draft.request(run.identity(self._explorer.best_identity(operation)), run.client())
            draft.host = own
            answer = run.send(request, operation)
            if answer is not None and entered(operation, answer):
                run.seen.hosts.append((host, Exchange(operation, request, answer, True)))

    def _foreign_objects(self) -> None:
        """Ask as one identity for what only another one's answers name."""
        run = self._run
        names = [i.name for i in run.identities.values() if i.role != "admin"]
        for operation in run.operations:
            if "{" not in operation.path or operation.is_websocket or run.states[operation.key].lost:
                continue
            cells = run.seen.matrix.get(operation.key, {})
            anonymous = cells.get(None)
            if anonymous is not None and anonymous.reached and anonymous.answer.ok:
                continue
            for owner in names:
                for other in names:
                    if owner != other and self._foreign(operation, owner, other):
                        break

    def _foreign(self, operation: Operation, owner: str, other: str) -> bool:
        run = self._run
        theirs, others = run.pool.get(owner, {}), run.pool.get(other, {})
        for name, resource in identifiers(operation):
            if f"{{{name}" not in (operation.template or operation.path):
                continue
            foreign = set(candidates(others, name, resource))
            for value in [v for v in candidates(theirs, name, resource) if v not in foreign][:3]:
                draft = benign(operation, host=run.host, known={name: value})
                mine = self._as(operation, draft, owner)
                if mine is None or not (mine.reached and 200 <= (mine.answer.status or 0) < 300):
                    continue
                seen = self._as(operation, draft, other)
                if seen and seen.reached and 200 <= (seen.answer.status or 0) < 300:
                    run.seen.foreign.append((owner, mine, seen))
                    return True
        return False

    def _as(self, operation: Operation, draft: Draft, name: str) -> Exchange | None:
        run = self._run
        request = draft.request(run.identity(name), run.client())
        answer = run.send(request, operation)
        return Exchange(operation, request, answer, entered(operation, answer)) if answer else None

    def _logins(self) -> None:
        """Wrong passwords in a row, from one address, for an account that may exist."""
        run = self._run
        configured = {i.login.request.split("?")[0]: i.login for i in run.settings.identities if i.login}
        for operation in run.operations:
            if operation.method != "POST" or run.states[operation.key].lost:
                continue
            login = configured.get(operation.key)
            draft = self._explorer.drafts.get(operation.key)
            slots = [s for s in self._explorer.slots(operation) if PASSWORD.search(s.leaf)]
            if draft is None or not slots or not (login or LOGIN.search(operation.path)):
                continue
            requests = []
            for attempt in range(ATTEMPTS):
                filled = draft.with_value(slots[0], f"wrong-password-{attempt}-Aa1!")
                requests.append(filled.request(None, "203.0.113.251"))
            run.seen.logins[operation.key] = [
                Exchange(operation, request, answer, entered(operation, answer))
                for request, answer in run.send_all(requests, operation)
            ]
            if login is not None:
                self._raw_login(operation, login_request(login, run.host, run.client()))

    def _raw_login(self, operation: Operation, request: Request) -> None:
        """The sign-in of a known identity, kept as a sample of a successful one."""
        answer = self._run.send(request, operation)
        if answer is not None:
            exchange = Exchange(operation, request, answer, entered(operation, answer))
            self._keep("login", exchange)


def kind_of(answer: Answer) -> str:
    """The kind of an answer, as rules ask for it; an empty text for the rest."""
    status = answer.status or 0
    if status in (401, 403, 404, 405, 413, 422, 429):
        return str(status)
    if status >= 500:
        return "500"
    if 300 <= status < 400:
        return "redirect"
    if 200 <= status < 300:
        return "html" if "html" in answer.media_type else "200"
    return ""


def _invalid(draft: Draft) -> Iterator[Draft]:
    """The same request with secrets in it and something else wrong."""
    if isinstance(draft.json, dict) and draft.json:
        yield _with_json(draft, {k: [v] for k, v in draft.json.items()})
        for key in draft.json:
            yield _with_json(draft, {k: v for k, v in draft.json.items() if k != key})
            break
    elif draft.json is not None:
        yield _with_json(draft, [draft.json])


def _with_json(draft: Draft, data: object) -> Draft:
    copy = draft.with_value(_BODY, json.dumps(data).encode())
    return replace(copy, attacked=frozenset())
