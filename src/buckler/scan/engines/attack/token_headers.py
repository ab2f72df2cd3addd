"""Sends payloads in the header of a token: ``kid``, ``jku``, ``x5u`` (RFC 7515, 4.1).

Whoever checks a token reads its header before the signature, so what stands there is input of a
stranger. It becomes the name of a file, a part of a statement or an address where the key is looked
for: CWE-22, CWE-89, CWE-918.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import Explorer, order_of
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.jwt import Token, encode, made_up
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.seen import seen_in
from buckler.scan.engines.attack.tokens import gate_of, reads_tokens, token_of
from buckler.scan.engines.interface import Attacks, Exchange, Payload, Probe, Slot
from buckler.scan.model.application import Operation

PARAMETERS: Mapping[str, str] = {
    "kid": "{word}",
    "jku": "https://{host}/{word}",
    "x5u": "https://{host}/{word}.pem",
}
"""Header parameters that lead to a key, with what a canary in them looks like."""
TRACER = "tracer"


@dataclass(frozen=True, slots=True)
class _Carrier:
    """A credential whose token is replaced.

    Attributes:
        slot: Where it is sent.
        before: What stands before the token in it.
        token: The one to change.
    """

    operation: Operation
    draft: Draft
    identity: str | None
    slot: Slot
    before: str
    token: Token


class TokenHeaders:
    """Attacks whoever reads the headers of tokens, once for each gate.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
        judge: Turns hits and answers into findings.
    """

    def __init__(self, run: Run, explorer: Explorer, judge: Judge) -> None:
        self._run = run
        self._explorer = explorer
        self._judge = judge
        self._first: dict[tuple[str, ...], Operation] = {}
        for operation in sorted(run.operations, key=order_of, reverse=True):
            if explorer.drafts.get(operation.key) is not None and not operation.is_websocket:
                self._first[gate_of(operation)] = operation

    def attack(self, operation: Operation, identity: str | None) -> None:
        """Send every payload whose sink the header of a token leads to."""
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or self._first.get(gate_of(operation)) is not operation:
            return
        for carrier in self._carriers(operation, draft, identity):
            for parameter, sinks in self._trace(carrier).items():
                for rule in self._run.rules:
                    if isinstance(rule, Attacks) and sinks.intersection(rule.sinks):
                        self._send_all(carrier, parameter, rule)

    def _carriers(
        self, operation: Operation, draft: Draft, identity: str | None
    ) -> Iterator[_Carrier]:
        known = self._run.identity(identity)
        for name, value in known.headers if known is not None else ():
            found = token_of(value)
            if found is not None and name != "cookie":
                before, token = found
                yield _Carrier(operation, draft, identity, Slot("header", name), before, token)
                return
        if reads_tokens(operation):
            slot = Slot("header", "authorization")
            yield _Carrier(operation, draft, identity, slot, "Bearer ", made_up())

    def _trace(self, carrier: _Carrier) -> dict[str, set[str]]:
        """The sinks that a canary in each parameter comes to."""
        probes = {}
        for parameter, shape in PARAMETERS.items():
            canary = self._run.canaries.new()
            text = shape.format(word=canary.text, host=canary.host)
            probes[parameter] = self._probe(carrier, TRACER, Payload(text, canary))
        values = {name: str(probe.payload.value) for name, probe in probes.items()}
        exchange = self._send(carrier, values)
        if exchange is None:
            return {}
        return {
            name: set(seen_in(exchange.answer, probe.payload.canary.text))
            for name, probe in probes.items()
        }

    def _send_all(self, carrier: _Carrier, parameter: str, rule: Attacks) -> None:
        for payload in rule.attack(carrier.slot, self._run.canaries.new):
            if self._judge.is_proved(rule.id, carrier.operation, carrier.slot):
                return
            self._probe(carrier, rule.id, payload)
            exchange = self._send(carrier, {parameter: _text(payload)})
            if exchange is not None:
                self._judge.answer(exchange)

    def _probe(self, carrier: _Carrier, rule: str, payload: Payload) -> Probe:
        probe = Probe(rule, carrier.operation, carrier.slot, payload, carrier.identity)
        self._run.canaries.own(payload.canary, probe)
        return probe

    def _send(self, carrier: _Carrier, values: Mapping[str, str]) -> Exchange | None:
        header = {"alg": "HS256", **carrier.token.header, **values}
        text = carrier.before + encode(header, carrier.token.claims, "")
        try:
            draft = carrier.draft.with_value(carrier.slot, text)
        except CannotCarry:
            return None
        run = self._run
        request = draft.request(run.identity(carrier.identity), run.client())
        return exchanged(run, carrier.operation, request)


def _text(payload: Payload) -> str:
    value = payload.value
    return value if isinstance(value, str) else value.decode("latin-1")
