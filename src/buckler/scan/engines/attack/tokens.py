"""Forges JSON Web Tokens and sees who takes them: CWE-347, CWE-326.

Three forgeries: a signature that is none, the algorithm ``none``, and a signature with a key
that can be guessed. The last needs no guessing over the wire: the key of a token that the
application gave out is tried here, and only the one that fits is sent. Where none is taken, a
token is that is real and has run out: CWE-613.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.exchanges import entered, exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.forms import cookies_of
from buckler.scan.engines.attack.identities import with_old_token
from buckler.scan.engines.attack.jwt import Token, crack, encode, guess, made_up, parse
from buckler.scan.engines.attack.reachable import reachable
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Hit, Identity, Slot
from buckler.scan.engines.observations import Forgery
from buckler.scan.model.application import Operation, SecurityScheme
from buckler.scan.model.secrets import COMMON
from buckler.scan.python.tokens import TAKES_OLD

_JWT = re.compile(r"eyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_NO_TOKEN = ("file", "filename", "path", "message")
_LEAST = 120
"""Characters that a slot must take for a token to fit into it."""
_NONES = ("none", "None", "NONE")
MAX_GUESSES = 100
MAX_SIGN_INS = 3
"""Operations that are asked with forgeries of an identity's token where the code behind them is not seen."""


Fill = Callable[[str], tuple[Draft, Identity | None]]
"""Puts a token into a request: the draft, and who sends it.

Raises :class:`CannotCarry` where no client can send it there.
"""


@dataclass(frozen=True, slots=True)
class _Reader:
    """A place that may read tokens.

    Attributes:
        slot: Key of the slot that the token goes into.
        token: The one to change.
        needed: Nobody gets in there without the token, so whoever gets in had it taken. Where it
            is not known, the token has to be seen at a library that reads it.
        identity: Name of whoever signed in with the token.
    """

    operation: Operation
    slot: str
    token: Token
    fill: Fill
    needed: bool = False
    identity: str = ""

    def keys_to_try(self) -> list[str]:
        """The keys worth trying: the one that fits, or common ones for a token of our own."""
        if self.token.key is not None:
            return [self.token.key]
        return [] if self.needed else list(COMMON[:MAX_GUESSES])


def forge(run: Run, explorer: Explorer) -> list[Forgery]:
    """Send forged tokens wherever tokens are read.

    Args:
        run: The run; its identities may have tokens.
        explorer: Knows how operations are reached.

    """
    return [*Forger(run, explorer).forgeries()]


def forge_sign_ins(run: Run, explorer: Explorer) -> list[Forgery]:
    """Send forgeries of the tokens with which identities sign in, where only answers are seen.

    Args:
        run: The run; what it may be asked for is its operations.
        explorer: Knows how operations are reached.
    """
    return [*Forger(run, explorer).sign_ins()]


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
        for operation, draft in reachable(self._run, self._explorer, ordered=True):
            for found in (*self._credentials(operation, draft), *self._slots(operation, draft)):
                key = (
                    found.kind,
                    found.stack[0][:2] if found.stack else (found.operation, found.slot),
                )
                if key not in seen:
                    seen.add(key)
                    yield found

    def sign_ins(self) -> Iterator[Forgery]:
        """What was taken in place of an identity's token; one of each kind, by a few operations."""
        seen: set[str] = set()
        yield from self._given_out()
        asked = 0
        for operation, draft in reachable(self._run, self._explorer, ordered=True):
            if asked == MAX_SIGN_INS:
                return
            reader = self._signed_in(operation, draft)
            asked += reader is not None
            for found in self._variants(reader) if reader is not None else ():
                if found.kind not in seen:
                    seen.add(found.kind)
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
        gate = gate_of(operation)
        nobody = self._run.seen.matrix.get(operation.key, {}).get(None)
        if not gate or gate in self._gates or (nobody is not None and nobody.reached):
            return
        if operation.key in self._run.seen.forged:
            return
        reader = self._signed_in(operation, draft)
        if reader is None and reads_tokens(operation):
            slot = Slot("header", "authorization")
            fill = _in_slot(draft, slot, None, "Bearer ")
            reader = _Reader(operation, slot.key, made_up(), fill)
        if reader is not None:
            self._gates.add(gate)
            found = [*self._variants(reader)]
            yield from found or self._old(reader, draft)

    def _old(self, reader: _Reader, draft: Draft) -> Iterator[Forgery]:
        """Send a token of the application's own that ran out an hour ago."""
        run, operation = self._run, reader.operation
        if not reader.identity or "exp" not in reader.token.claims:
            return
        if TAKES_OLD.search(operation.path):
            return
        canary = run.canaries.new().text
        identity = with_old_token(run, reader.identity, canary)
        if identity is None:
            return
        exchange = exchanged(run, operation, draft.request(identity, run.client()))
        read = _readings(exchange, canary)
        if exchange is not None and _was_taken(exchange, read, True):
            how = "the token is one that the application signed, and ran out an hour ago"
            stack = read[-1].frames if read else ()
            yield Forgery("expired", operation.key, reader.slot, exchange, stack, how)

    def _signed_in(self, operation: Operation, draft: Draft) -> _Reader | None:
        """The header in which somebody has to send a token to get in, with that token."""
        cells = self._run.seen.matrix.get(operation.key, {})
        for identity in self._run.identities.values():
            cell = cells.get(identity.name)
            if cell is None or not cell.reached:
                continue
            for name, value in identity.headers:
                found = _JWT.search(value)
                token = parse(found.group()) if found else None
                if (
                    found is not None
                    and token is not None
                    and self._needs(operation, draft, identity, name)
                ):
                    before, after = value[: found.start()], value[found.end() :]
                    return _Reader(
                        operation,
                        _slot_of(name, before),
                        crack(found.group(), token),
                        _in_header(draft, identity, name, before, after),
                        needed=True,
                        identity=identity.name,
                    )
        return None

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
            fill = _in_slot(draft, slot, identity)
            yield from self._variants(_Reader(operation, slot.key, made_up(), fill))

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

    def _variants(self, reader: _Reader) -> Iterator[Forgery]:
        """The forgeries of one token, until one is taken."""
        sent = self._send(reader, "signature", "HS256", "")
        if sent is None:
            return
        exchange, taken = sent
        if taken is not None:
            yield taken
            return
        places = {hit.frames[:1] for hit in exchange.answer.hits if hit.sink == "token"}
        if not reader.needed and not places:
            return
        known = not reader.needed and places <= self._guessed
        self._guessed |= places
        attempts: list[tuple[str, str, str | None]] = [("none", name, None) for name in _NONES]
        if not known:
            algorithm = str(reader.token.header.get("alg", "HS256"))
            attempts += [("key", algorithm, key) for key in reader.keys_to_try()]
        for kind, name, key in attempts:
            sent = self._send(reader, kind, name, key)
            if sent is not None and sent[1] is not None:
                yield sent[1]
                return

    def _send(
        self, reader: _Reader, kind: str, algorithm: str, key: str | None
    ) -> tuple[Exchange, Forgery | None] | None:
        """Send one forgery.

        Args:
            reader: Where it goes.
            kind: As :class:`Forgery` has it.
            algorithm: For the header; a replaced signature leaves the token's own.
            key: To sign with, for the kind ``key``.

        Returns:
            The exchange, and the forgery where it was taken; None where it was not to be sent.
        """
        run, operation = self._run, reader.operation
        canary = run.canaries.new().text
        try:
            draft, identity = reader.fill(_forged(reader.token, kind, algorithm, key, canary))
            request = draft.request(identity, run.client())
        except CannotCarry:
            return None
        exchange = exchanged(run, operation, request)
        if exchange is None:
            return None
        read = _readings(exchange, canary)
        if not _was_taken(exchange, read, reader.needed):
            return exchange, None
        how = {
            "signature": "the signature was replaced",
            "none": f"the algorithm was set to {algorithm!r} and the signature left out",
            "key": f"it was signed with the guessed key {key!r}",
        }[kind]
        stack = read[-1].frames if read else ()
        return exchange, Forgery(kind, operation.key, reader.slot, exchange, stack, how)


def reads_tokens(operation: Operation) -> bool:
    """Whether an operation asks for a token in the ``Authorization`` header."""
    return any(_asks_for_token(scheme) for scheme in operation.security)


def token_of(value: str) -> tuple[str, Token] | None:
    """What stands before the token in a header's value, and the token; None without one."""
    found = _JWT.search(value)
    token = parse(found.group()) if found else None
    return (value[: found.start()], token) if found and token else None


def gate_of(operation: Operation) -> tuple[str, ...]:
    """What tells apart who looks at tokens: the dependencies, and the handler that does it itself."""
    names = sorted(d.name for d in operation.dependencies)
    itself = any(not scheme.through for scheme in operation.security)
    return (*names, operation.key) if itself else tuple(names)


def _readings(exchange: Exchange | None, canary: str) -> list[Hit]:
    """The calls that read a token with a canary among its claims, and took or refused it."""
    return [
        hit
        for hit in (exchange.answer.hits if exchange is not None else ())
        if hit.sink == "token" and canary in hit.text and hit.more.get("accepted") is not None
    ]


def _asks_for_token(scheme: SecurityScheme) -> bool:
    """Whether a scheme takes a token in the ``Authorization`` header (RFC 6750, 2.1)."""
    kind = scheme.type.lower()
    return kind in ("http", "oauth2", "openidconnect") and "basic" not in scheme.cls.lower()


def _slot_of(header: str, before: str) -> str:
    """The slot of a token: its header, or the cookie whose name stands before it."""
    if header != "cookie":
        return f"header:{header}"
    return "cookie:" + before.rstrip("=").rpartition("; ")[2].rpartition("=")[2]


def _in_header(draft: Draft, identity: Identity, name: str, before: str, after: str) -> Fill:
    """Puts a token where the identity's own stands in one of its headers."""

    def fill(text: str) -> tuple[Draft, Identity]:
        headers = ((k, before + text + after if k == name else v) for k, v in identity.headers)
        return draft, replace(identity, headers=tuple(headers))

    return fill


def _in_slot(draft: Draft, slot: Slot, identity: Identity | None, before: str = "") -> Fill:
    """Puts a token into a slot of its own."""
    return lambda text: (draft.with_value(slot, before + text), identity)


def _forged(token: Token, kind: str, algorithm: str, key: str | None, canary: str) -> str:
    """A token changed as the kind says, with a canary among its claims."""
    claims = {**token.claims, "buckler": canary}
    if kind == "signature":
        header = {**token.header, "alg": token.header.get("alg", algorithm)}
        return encode(header, claims, None) + _signature(canary)
    return encode({**token.header, "alg": algorithm}, claims, key if kind == "key" else None)


def _was_taken(exchange: Exchange, read: list[Hit], needed: bool) -> bool:
    """Whether the application trusted a forgery, by what it was seen to read or by its answer."""
    answer = exchange.answer
    if read:
        # Read without a check and refused afterwards is fine; the other way round is not.
        return bool(read[-1].more.get("accepted")) and answer.status not in (401, 403)
    return needed and exchange.reached and answer.ok


def _signature(canary: str) -> str:
    """What looks like a signature and is none."""
    digest = hashlib.sha256(canary.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
