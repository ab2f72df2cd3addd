"""Attacks that an answer alone can judge: nothing of the site is seen but what it sends back.

A bare canary with a quote comes first. Only where it comes back, or the input is named like what a rule is
after, are the payloads of the rules sent, so that a site is asked little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Location
from buckler.core.rule import Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.attack.drafts import CannotCarry
from buckler.scan.engines.attack.exchanges import exchanged
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.judging import Judge
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import (
    Attacks,
    ChecksExchange,
    Exchange,
    Payload,
    Probe,
    Slot,
)
from buckler.scan.model.application import Operation

ENGINE = "live"
SENDABLE = ("path", "query", "header", "cookie", "json", "form")
MAX_SLOTS = 12
"""Slots of one operation that are attacked."""
ACCOUNTS = re.compile(r"(?m)(?:^|[\"'>]|\\n)root:[^:\n]*:0:0:[^\n]*$")
"""The first line of /etc/passwd (passwd(5)), which every Unix has and no site of ours."""
CLIMBING = (
    "../../../../../../../../etc/passwd",
    "/etc/passwd",
    "....//....//....//....//etc/passwd",
)
_FILE = re.compile(
    r"file|path|name|doc|template|page|folder|dir|attachment|image|download|lang", re.IGNORECASE
)
_SQL = re.compile(
    r"\[SQL: .{5,}|\b(?:sqlite3|psycopg2?|asyncpg|pymysql|MySQLdb|aiosqlite)\.[\w.]*Error|near \"[^\"]*\": syntax error|"
    r"unrecognized token: |unterminated quoted string|syntax error at or near |You have an error in your SQL syntax",
    re.DOTALL,
)
SQL_RULE, PATH_RULE = "INJ001", "INJ004"


class SiteAttacker:
    """Attacks the operations of a run.

    Args:
        run: The run.
        explorer: Knows how operations are reached.
    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run, self._explorer = run, explorer
        self._judge = Judge(run, lambda path, line: "")
        self._own: list[Finding] = []

    def attack(self, operations: Iterable[Operation]) -> list[Finding]:
        """Attack what was reached; what was found.

        Args:
            operations: In the order in which they are attacked.
        """
        chosen = [op for op in operations if op.key in self._explorer.drafts]
        for number, operation in enumerate(chosen):
            self._run.progress(number, len(chosen), operation.key)
            state, cells = self._run.states[operation.key], self._run.seen.matrix[operation.key]
            usual = cells.get(self._explorer.best_identity(operation))
            if not state.reached or usual is None:
                continue
            slots = [s for s in self._explorer.slots(operation) if s.where in SENDABLE]
            for slot in slots[:MAX_SLOTS]:
                if not self._slot(operation, slot, usual):
                    return self._found()
                state.attacked += 1
        return self._found()

    def _found(self) -> list[Finding]:
        return [*self._judge.findings(), *self._own]

    def _slot(self, operation: Operation, slot: Slot, usual: Exchange) -> bool:
        """Attack one slot; whether more may be sent."""
        canary = self._run.canaries.new()
        bare = self._send(operation, slot, Payload(f"{canary}'\"", canary, "a quote"), "")
        if bare is None:
            return False
        self._statement(operation, slot, usual, bare)
        for rule in self._wanted(slot, usual, bare, canary.text):
            for payload in rule.attack(slot, self._run.canaries.new):
                exchange = self._send(operation, slot, payload, rule.id)
                if exchange is None:
                    return False
                self._judge.answer(exchange)
                if self._judge.is_proved(rule.id, operation, slot):
                    break
        return not _FILE.search(slot.leaf) or self._climb(operation, slot, usual)

    def _wanted(self, slot: Slot, usual: Exchange, bare: Exchange, word: str) -> Iterator[Attacks]:
        """The rules that judge by answers and may find something here."""
        back = word in bare.answer.text.lower()
        headed = any(word in value.lower() for _, value in bare.answer.headers)
        page = any(
            "html" in e.answer.media_type or "svg" in e.answer.media_type for e in (usual, bare)
        )
        for rule in self._run.rules:
            if not isinstance(rule, Attacks) or not isinstance(rule, ChecksExchange):
                continue
            likes = getattr(rule, "likes", None)
            if headed or (back and page) or (likes is not None and likes(slot)):
                yield rule

    def _send(
        self, operation: Operation, slot: Slot, payload: Payload, rule: str
    ) -> Exchange | None:
        run = self._run
        name = self._explorer.best_identity(operation)
        try:
            draft = self._explorer.drafts[operation.key].with_value(
                slot, payload.value, payload.key
            )
        except CannotCarry:
            return run.seen.matrix[operation.key].get(name)
        if rule:
            run.canaries.own(payload.canary, Probe(rule, operation, slot, payload, name))
        exchange = exchanged(run, operation, draft.request(run.identity(name), ""))
        if exchange is not None:
            run.keep_failure(exchange)
        return exchange

    def _statement(self, operation: Operation, slot: Slot, usual: Exchange, bare: Exchange) -> None:
        """An error of a database that only the quote brings up: a suspicion, no proof."""
        found = _SQL.search(bare.answer.text)
        if found is None or _SQL.search(usual.answer.text):
            return
        self._own += self._made(
            SQL_RULE,
            operation,
            slot,
            bare,
            "A quote in the request brings up an error of the database.",
            Confidence.SUSPECTED,
            found.group()[:80],
        )

    def _climb(self, operation: Operation, slot: Slot, usual: Exchange) -> bool:
        """Ask for a file that every Unix has and whose first line is known."""
        if ACCOUNTS.search(usual.answer.text):
            return True
        for path in CLIMBING:
            canary = self._run.canaries.new()
            exchange = self._send(operation, slot, Payload(path, canary, "climbs", raw=True), "")
            if exchange is None:
                return False
            found = ACCOUNTS.search(exchange.answer.text)
            if found is not None:
                message = (
                    "The request decides which file of the machine is read: /etc/passwd came back."
                )
                proved = Confidence.PROVED
                self._own += self._made(
                    PATH_RULE, operation, slot, exchange, message, proved, found.group()[:80]
                )
                break
        return True

    def _made(
        self,
        rule_id: str,
        operation: Operation,
        slot: Slot,
        exchange: Exchange,
        message: str,
        confidence: Confidence,
        mark: str,
    ) -> Iterator[Finding]:
        rule: Rule | None = next((r for r in self._run.rules if r.id == rule_id), None)
        if rule is not None:
            proof = proofs.exchange(exchange, self._run.redactor, mark=mark)
            place = Location(operation=operation.key, slot=slot.key)
            yield rule.found(message, confidence=confidence, location=place, proof=(proof,))
