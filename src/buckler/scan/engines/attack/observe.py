"""Collects samples of every kind of answer, and what other identities may see.

These requests carry no payload: they are what a browser, a curious visitor or another
customer would send.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from buckler.core.redact import is_secret_name
from buckler.scan.engines.attack import restoring, tokens
from buckler.scan.engines.attack.absent import Unsigned
from buckler.scan.engines.attack.accounts import Accounts
from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.exchanges import entered, exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.faults import Faults
from buckler.scan.engines.attack.fields import Fields
from buckler.scan.engines.attack.forms import is_form_token
from buckler.scan.engines.attack.limits import Limits
from buckler.scan.engines.attack.objects import Objects
from buckler.scan.engines.attack.patterns import matching
from buckler.scan.engines.attack.pretended import Pretended
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.strangers import FOREIGN_ORIGIN, Strangers
from buckler.scan.engines.interface import Answer, Exchange, Request, Slot
from buckler.scan.model.application import Operation
from buckler.scan.model.files import tells_of_source

MAX_STATIC = 6
MAX_ASKED = 30
MAX_ORIGINS = 30
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

    def answers(self) -> None:
        """Every kind of answer, what others may see, and what is too much: the identities stay
        what they are.
        """
        run, explorer = self._run, self._explorer
        self._sample_known()
        self._sample_errors()
        self._sample_documents()
        self._sample_logins()
        self._origins()
        self._hosts()
        for group in (Faults, Strangers, Unsigned, Pretended, Objects, Limits):
            restoring.restore(run)
            group(run, explorer).collect()
        restoring.restore(run)

    def claims(self) -> None:
        """Guessed and made-up credentials, and rights that the caller gives himself; the last
        spoil the identities.
        """
        run, explorer = self._run, self._explorer
        Accounts(run, explorer).collect()
        restoring.restore(run)
        run.seen.forgeries += tokens.forge(run, explorer)
        restoring.restore(run)
        Fields(run, explorer).collect()
        restoring.restore(run)

    def sort(self) -> None:
        """Put the answers to errors to those of their kind."""
        run = self._run
        for exchange in (e for kept in run.seen.failures.values() for e in kept):
            if kind_of(exchange.answer) == "500":
                self._keep("500", exchange)
        for _, exchange in run.seen.raised.values():
            self._keep(kind_of(exchange.answer), exchange)

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
            method,
            path,
            "",
            (*(p for p in base if p[0] not in named), *headers),
            body,
            client=run.client(),
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
        first = next(
            (op for op in run.operations if not op.is_websocket and "{" not in op.path), None
        )
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
            for broken in _invalid(self._with_secrets(operation, draft)):
                request = broken.request(identity, run.client())
                answer = run.send(request, operation)
                if answer is not None and answer.status == 422:
                    self._keep("422", Exchange(operation, request, answer))

    def _with_secrets(self, operation: Operation, draft: Draft) -> Draft:
        """The draft with words of their own for secrets, so that one in an answer is the one that was sent."""
        for slot in self._explorer.slots(operation):
            free = slot.schema.get("type", "string") == "string" and not is_form_token(slot.leaf)
            if slot.where in ("json", "form") and free and is_secret_name(slot.leaf):
                draft = draft.with_value(slot, self._run.canaries.new().text)
        return replace(draft, attacked=frozenset())

    def _sample_documents(self) -> None:
        for path in (*self._run.model.docs, *(d for m in self._run.model.mounts for d in m.docs)):
            self._keep("docs", self._raw("GET", path))
        for mount in self._run.model.mounts:
            files = (mount.static or {}).get("files", [])
            telling = [name for name in files if tells_of_source(name)][: MAX_STATIC - 1]
            for name in dict.fromkeys([*files[:1], *telling]):
                self._keep("static", self._raw("GET", f"{mount.path}/{quote(name)}"))

    def _origins(self) -> None:
        """A CORS request and its preflight from origins that ought not to be let in.

        One operation of each application with a CORS middleware stands for all of it; where
        CORS is written by hand every operation that can be asked is asked. The foreign origin
        carries a canary, so that the line is seen that puts it into the answer.
        """
        run = self._run
        word = run.canaries.new().text
        chosen = list(self._asked_operations())[:MAX_ASKED]
        foreign = {FOREIGN_ORIGIN: f"https://{word}.test"}
        origins = [FOREIGN_ORIGIN, "null", *self._near_origins(word)]
        for known in list(dict.fromkeys(origins))[:MAX_ORIGINS]:
            kept = run.seen.preflights.setdefault(known, [])
            origin = foreign.get(known, known)
            asked: set[str] = set()
            for operation, path in chosen:
                draft = self._explorer.drafts.get(operation.key) if operation else None
                if operation is not None and draft is not None:
                    kept += [e for e in (self._with_origin(operation, draft, origin),) if e]
                else:
                    cookie = ("cookie", "buckler=1")
                    kept += [
                        e for e in (self._raw("GET", path, (("origin", origin), cookie)),) if e
                    ]
                mounted = operation.mounted_at if operation else path
                if mounted not in asked:
                    asked.add(mounted)
                    wanted = (("origin", origin), ("access-control-request-method", "GET"))
                    preflight = self._raw("OPTIONS", path, wanted, operation=operation)
                    kept += [preflight] if preflight else []

    def _asked_operations(self) -> Iterator[tuple[Operation | None, str]]:
        run = self._run
        seen: set[str] = set()
        hand_written = bool(run.model.origins) or any(
            m.dispatch or m.place for m in run.model.middleware
        )
        reads = {
            op.key
            for op in run.operations
            if any("origin" in d.reads for d in op.dependencies)
            or any(p.where == "header" and p.name == "origin" for p in op.parameters)
            or any(s.key == "header:origin" for s in self._explorer.found.get(op.key, ()))
        }
        for operation in run.operations:
            if operation.method != "GET" or run.states[operation.key].lost:
                continue
            first = operation.mounted_at not in seen and "{" not in operation.path
            if first or operation.key in reads or (hand_written and "{" not in operation.path):
                seen.add(operation.mounted_at)
                yield operation, operation.path
        for mount in run.model.mounts:
            if mount.static is None and mount.path not in seen:
                yield None, f"{mount.path}/"
        if not seen:
            yield None, "/"

    def _with_origin(self, operation: Operation, draft: Draft, origin: str) -> Exchange | None:
        run = self._run
        made = replace(
            draft,
            headers={**draft.headers, "origin": origin},
            cookies={"buckler": "1", **draft.cookies},
            attacked=frozenset({"header:origin"}),
        )
        request = made.request(run.identity(self._explorer.best_identity(operation)), run.client())
        return exchanged(run, operation, request)

    def _near_origins(self, word: str) -> Iterator[str]:
        """Origins that look like an allowed one and belong to somebody else."""
        model = self._run.model
        allowed: list[str] = []
        for item in (*model.middleware, *(m for mount in model.mounts for m in mount.middleware)):
            if "CORS" not in item.name:
                continue
            allowed += [str(o) for o in item.options.get("allow_origins") or [] if "://" in str(o)][
                :3
            ]
            pattern = item.options.get("allow_origin_regex")
            if isinstance(pattern, str):
                allowed += examples_of(pattern)
        for text in model.origins:
            allowed += examples_of(text[3:]) if text.startswith("re:") else [text]
        for origin in dict.fromkeys(allowed):
            yield from near(origin, word)

    def _hosts(self) -> None:
        """The application's answers to a Host header that is not its own."""
        run = self._run
        first = next(
            (op for op in run.operations if op.method == "GET" and "{" not in op.path), None
        )
        foreign = run.canaries.new().host
        self._keep(
            "host",
            self._raw("GET", first.path if first else "/", (("host", foreign),), operation=first),
        )
        for operation in run.operations:
            draft = self._explorer.drafts.get(operation.key)
            if (
                draft is None
                or operation.is_websocket
                or not operation.takes_request
                or run.states[operation.key].lost
            ):
                continue
            host = run.canaries.new().host
            draft.host, own = host, draft.host
            request = draft.request(
                run.identity(self._explorer.best_identity(operation)), run.client()
            )
            draft.host = own
            answer = run.send(request, operation)
            if answer is not None and entered(operation, answer):
                run.seen.hosts.append((host, Exchange(operation, request, answer, True)))

    def _sample_logins(self) -> None:
        """The sign-in of each known identity, kept as a sample of a successful one."""
        run = self._run
        for request, answer in run.signed_in.values():
            operation = next(
                (op for op in run.operations if op.key == f"{request.method} {request.path}"), None
            )
            reached = operation is not None and entered(operation, answer)
            self._keep("login", Exchange(operation, request, answer, reached))


def examples_of(pattern: str) -> list[str]:
    """Origins that a pattern is meant for, whatever else it matches.

    A dot that was not escaped is taken for a dot, and ``.*`` for a name.
    """
    meant = re.sub(r"(?<!\\)\.[*+]\??", "[a-z]+", pattern)
    meant = re.sub(r"(?<!\\)\.", r"\\.", meant)
    made = [text for variant in (0, 1) if (text := matching(meant, variant)) and "://" in text]
    return list(dict.fromkeys(made))


def near(origin: str, word: str) -> Iterator[str]:
    """Origins of other people that a careless check takes for this one.

    A letter for each dot in turn (an unescaped one), a word glued before (a suffix check) and
    behind (a prefix check), and the same host without TLS.
    """
    scheme, found, host = origin.partition("://")
    if not found:
        scheme, host = "https", origin.lstrip(".")
    for at, letter in enumerate(host):
        if letter == "." and "." in host[at + 1 :]:
            yield f"{scheme}://{host[:at]}x{host[at + 1 :]}"
    yield f"{scheme}://{host}.{word}.test"
    yield f"{scheme}://{word}{host}"
    yield f"{scheme}://{word}-{host}"
    if scheme == "https" and found:
        yield f"http://{host}"


def kind_of(answer: Answer) -> str:
    """The kind of an answer, as rules ask for it; an empty text for the rest."""
    status = answer.status or 0
    if status in (400, 401, 403, 404, 405, 413, 414, 422, 429, 431):
        return str(status)
    if status >= 500:
        return "500"
    if 300 <= status < 400:
        return "redirect"
    if 200 <= status < 300:
        return "html" if "html" in answer.media_type else "200"
    return ""


def _invalid(draft: Draft) -> Iterator[Draft]:
    """The same request with something wrong."""
    if isinstance(draft.json, dict) and draft.json:
        yield _with_json(draft, {k: [v] for k, v in draft.json.items()})
        for key in list(draft.json)[:3]:
            yield _with_json(draft, {k: v for k, v in draft.json.items() if k != key})
    elif draft.json is not None:
        yield _with_json(draft, [draft.json])
    for name, _ in draft.form[:4]:
        yield replace(
            draft, form=[pair for pair in draft.form if pair[0] != name], attacked=frozenset()
        )


def _with_json(draft: Draft, data: object) -> Draft:
    copy = draft.with_value(_BODY, json.dumps(data).encode())
    return replace(copy, attacked=frozenset())
