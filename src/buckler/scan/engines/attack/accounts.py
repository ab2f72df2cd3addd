"""Guesses passwords and names, and chooses bad ones: CWE-307, CWE-204, CWE-521."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl

from buckler.core.settings import LoginSettings
from buckler.scan.engines.attack.absent import Emptied, is_code
from buckler.scan.engines.attack.codes import Codes
from buckler.scan.engines.attack.drafts import CannotCarry, Draft
from buckler.scan.engines.attack.exchanges import entered, exchanged
from buckler.scan.engines.attack.explore import UNIQUE, Explorer
from buckler.scan.engines.attack.forms import cookies_of
from buckler.scan.engines.attack.identities import login_request, token_of
from buckler.scan.engines.attack.pretended import unlimited
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.values import lengths, resolve
from buckler.scan.engines.interface import Exchange, Request, Slot
from buckler.scan.model.application import Operation

ATTEMPTS = 12
LONGEST = 200
"""Characters of a password where nothing says how many."""
WEAK = "a"
GUESSER = "203.0.113.251"
"""The address from which passwords are guessed."""
_LEAST_NAME = 24
"""Characters that a field must take to be given a new text of ours."""
PASSWORD = re.compile(
    r"pass(word|wd|phrase|code)?(_?(again|confirm(ation)?|repeat|2))?$|pwd|^pin$", re.IGNORECASE
)
OLD = re.compile(r"old|current|existing|previous", re.IGNORECASE)
AGAIN = re.compile(r"again|confirm|repeat|retype|verify", re.IGNORECASE)
"""What is to hold the same as the new password."""
NAME = re.compile(
    r"user_?name|e-?mail|log_?in|^name$|^user$|account|number|handle|phone", re.IGNORECASE
)
LOGIN = re.compile(
    r"(log-?in|sign-?in|token|authenticate|auth|sessions?|access-token)/?$", re.IGNORECASE
)
NOT_LOGIN = re.compile(r"sign-?up|regist|forgot|reset|recover|refresh|revoke|change", re.IGNORECASE)
TOKEN = re.compile(r"^(access_?|auth_?|session_?|id_?)?(token|jwt)$", re.IGNORECASE)
FORGOT = re.compile(r"forgot|reset|recover|lost", re.IGNORECASE)


class Accounts:
    """Asks sign-in and sign-up what they take.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer
        self._count = 0
        self._logins = {
            i.login.request.split("?")[0].strip(): i.login
            for i in run.settings.identities
            if i.login
        }

    def collect(self) -> None:
        """Names first, since guessing passwords may lock the account."""
        for operation in self._run.operations:
            if (
                operation.method in ("POST", "PUT", "PATCH")
                and not self._run.states[operation.key].lost
            ):
                self._weak(operation)
                self._names(operation)
        emptied = Emptied(self._run, self._explorer, self._known_names)
        codes = Codes(self._run, self._explorer, self._known_names, ATTEMPTS, GUESSER)
        for operation in self._run.operations:
            if not self._run.states[operation.key].lost:
                named = self._name_slot(operation)
                emptied.collect(operation, named)
                codes.collect(operation, named)
        for operation in self._run.operations:
            if self._is_login(operation) and not self._run.states[operation.key].lost:
                self._passwords(operation)

    def _slots(self, operation: Operation) -> list[Slot]:
        return [s for s in self._explorer.slots(operation) if s.where in ("json", "form", "query")]

    def _name_slot(self, operation: Operation) -> Slot | None:
        """Where it is told whose account is meant."""
        slots = self._slots(operation)
        return next((s for s in slots if NAME.search(s.leaf) and not is_code(s)), None)

    def _is_login(self, operation: Operation) -> bool:
        """Whether it signs somebody in: it says so, or it refuses made-up credentials by itself."""
        if operation.key in self._logins:
            return True
        if operation.method != "POST" or NOT_LOGIN.search(operation.path):
            return False
        leaves = [slot.leaf for slot in self._slots(operation)]
        secrets = [leaf for leaf in leaves if PASSWORD.search(leaf)]
        if LOGIN.search(operation.path):
            return bool(secrets)
        if len(secrets) != 1 or len(leaves) < 2 or any(OLD.search(leaf) for leaf in leaves):
            return False
        cell = self._run.seen.matrix.get(operation.key, {}).get(None)
        if cell is None or not cell.reached or cell.answer.ok:
            return False
        named = any(NAME.search(leaf) for leaf in leaves if leaf not in secrets)
        return (named and cell.answer.status == 401) or _gives_token(operation)

    def _send(self, operation: Operation, request: Request) -> Exchange | None:
        return exchanged(self._run, operation, request)

    def _passwords(self, operation: Operation) -> None:
        """Wrong passwords in a row, from one address, for one account; and the right one before and after, where it is known."""
        run = self._run
        before = self._right(operation)
        requests = [
            request
            for attempt in range(ATTEMPTS)
            if (request := self._attempt(operation, f"wrong-password-{attempt}-Aa1!")) is not None
        ]
        answers = run.seen.logins[operation.key] = [
            Exchange(operation, request, answer, entered(operation, answer))
            for request, answer in run.send_all(requests, operation)
        ]
        if answers and answers[-1].answer.status == 429:
            unlimited(run, self._explorer, operation, requests, answers[0].answer.status)
        after = self._right(operation)
        if before is not None and after is not None and _gives(before) and not _gives(after):
            run.seen.locked[operation.key] = after

    def _right(self, operation: Operation) -> Exchange | None:
        """The answer to the right password, from the address that guesses; None where nobody knows one."""
        login = self._logins.get(operation.key)
        if login is None:
            return None
        return self._send(operation, login_request(login, self._run.host, GUESSER))

    def _attempt(self, operation: Operation, password: str) -> Request | None:
        login = self._logins.get(operation.key)
        if login is not None:
            return login_request(with_values(login, PASSWORD, password), self._run.host, GUESSER)
        draft = self._explorer.drafts.get(operation.key)
        slot = next((s for s in self._slots(operation) if PASSWORD.search(s.leaf)), None)
        if draft is None or slot is None:
            return None
        least, most = lengths(slot.schema)
        longest = max(LONGEST if most is None else most, 1)
        text = (password + "a" * least)[:longest]
        text = text[:-1] + password[-6] if longest < len(password) else text
        return draft.with_value(slot, text).request(None, GUESSER)

    def _names(self, operation: Operation) -> None:
        """The answer for a name that exists beside the one for a name that does not."""
        login = self._logins.get(operation.key)
        if login is not None:
            secret = with_values(login, PASSWORD, "wrong-password-Aa1!")
            slot, known = _name_of(login)
            pairs = (
                [self._login_as(secret, slot, name) for name in (known, _nobody(known))]
                if slot
                else []
            )
            self._keep(operation, slot, pairs)
            return
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or not (FORGOT.search(operation.path) or self._is_login(operation)):
            return
        slots = self._slots(operation)
        named = next((s for s in slots if NAME.search(s.leaf)), None)
        if named is None:
            return
        for known in self._known_names(named):
            pairs = [self._named(draft, slots, named, name) for name in (known, _nobody(known))]
            if self._keep(operation, named.key, pairs):
                return

    def _known_names(self, slot: Slot) -> Iterator[str]:
        """Names that somebody has, the likeliest first; a field called ``name`` may take an address, too."""
        wants_mail = "mail" in slot.leaf.lower() or slot.schema.get("format") == "email"
        names = [_name_of(login)[1] for login in self._logins.values()]
        yield from (name for name in names if ("@" in name) == wants_mail)
        for identity in self._run.identities:
            pool = self._run.pool.get(identity, {})
            for key in (
                ("email", "mail") if wants_mail else ("username", "user_name", "login", "name")
            ):
                yield from pool.get(key, [])[:1]
        if not wants_mail:
            yield from (name for name in names if "@" in name)

    def _login_as(self, login: LoginSettings, slot: str, name: str) -> Request:
        where, _, field = slot.partition(":")
        fields = dict((login.json if where == "json" else login.form) or {})
        fields[field] = name
        made = replace(login, json=fields) if where == "json" else replace(login, form=fields)
        return login_request(made, self._run.host, self._run.client())

    def _named(self, draft: Draft, slots: list[Slot], slot: Slot, name: str) -> Request:
        made = draft.with_value(slot, name)
        for other in slots:
            if PASSWORD.search(other.leaf):
                least, most = lengths(other.schema)
                made = made.with_value(
                    other,
                    ("wrong-password-Aa1!" + "a" * least)[: LONGEST if most is None else most],
                )
        return made.request(None, self._run.client())

    def _keep(self, operation: Operation, slot: str, requests: list[Request]) -> bool:
        found = [self._send(operation, request) for request in requests]
        if len(found) != 2 or found[0] is None or found[1] is None or not found[0].reached:
            return False
        self._run.seen.guesses[operation.key] = (slot, found[0], found[1])
        return True

    def _weak(self, operation: Operation) -> None:
        """A password of one letter where one is chosen."""
        every = [s for s in self._slots(operation) if not OLD.search(s.leaf)]
        slots = [s for s in every if PASSWORD.search(s.leaf)]
        again = [s for s in every if AGAIN.search(s.leaf) and s not in slots]
        draft = self._explorer.drafts.get(operation.key)
        if draft is None or not slots or self._is_login(operation):
            return
        answers = []
        for text in ("Correct-Horse-7-Staple", WEAK):
            made = self._fresh(operation, draft)
            for slot in (*slots, *again):
                made = made.with_value(slot, text)
            identity = self._run.identity(self._explorer.best_identity(operation))
            answers.append(self._send(operation, made.request(identity, self._run.client())))
        strong, weak = answers
        if strong is not None and weak is not None and weak.reached:
            same = weak.answer.status == strong.answer.status
            asked = [s.leaf for s in self._slots(operation)]
            asked += [read.partition(":")[2] for read in strong.answer.reads]
            if any(map(OLD.search, asked)) and strong.answer.status in (400, 401, 403, 422):
                return  # the old password was wrong, so that the new one may not have been looked at
            if weak.answer.ok or (same and strong.reached):
                self._run.seen.weak_passwords[operation.key] = (slots[0].key, weak)

    def _fresh(self, operation: Operation, draft: Draft) -> Draft:
        """The draft with a name of its own, so that it is no duplicate."""
        self._count += 1
        for slot in self._slots(operation):
            if _may_be_unique(slot) and not PASSWORD.search(slot.leaf):
                mail = "mail" in slot.leaf.lower() or slot.schema.get("format") == "email"
                text = f"morgan{self._count}" + ("@example.com" if mail else "")
                try:
                    draft = draft.with_value(slot, text)
                except CannotCarry:
                    continue
        return replace(draft, attacked=frozenset())


def _gives(exchange: Exchange) -> bool:
    """Whether somebody was let in: by a token, a cookie, or to where one goes from there."""
    answer = exchange.answer
    return answer.ok and bool(
        token_of(answer, "") or cookies_of(answer) or answer.header("location")
    )


def _gives_token(operation: Operation) -> bool:
    """Whether it says that it answers with a token."""
    properties = resolve(operation.response.schema or {}).get("properties") or {}
    return any(TOKEN.search(name) for name in properties)


def _may_be_unique(slot: Slot) -> bool:
    """Whether any text will do, so that the application may want one that nobody has yet."""
    if slot.where not in ("json", "form"):
        return False
    if UNIQUE.search(slot.leaf) or slot.schema.get("format") == "email":
        return True
    free = slot.schema.get("type") == "string" and not {"enum", "const", "pattern", "format"} & set(
        slot.schema
    )
    return free and int(slot.schema.get("maxLength", 100)) >= _LEAST_NAME


def with_values(login: LoginSettings, pattern: re.Pattern[str], text: str) -> LoginSettings:
    """The login with every value whose name matches replaced."""
    if login.json is not None:
        return replace(
            login, json={k: text if pattern.search(k) else v for k, v in login.json.items()}
        )
    if login.form is not None:
        return replace(
            login, form={k: text if pattern.search(k) else v for k, v in login.form.items()}
        )
    return login


def _name_of(login: LoginSettings) -> tuple[str, str]:
    """Slot and value of the name in a login; empty texts where there is none."""
    for where, fields in (("json", login.json), ("form", login.form)):
        for key, value in (fields or {}).items():
            if NAME.search(key) and not PASSWORD.search(key) and isinstance(value, str):
                return f"{where}:{key}", value
    return "", ""


def _nobody(name: str) -> str:
    """A name of the same shape that nobody has."""
    head, at, domain = name.partition("@")
    return f"{head}zqx{at}{domain}"


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form or JSON body as texts."""
    kind = request.header("content-type") or ""
    if "json" in kind:
        try:
            data = json.loads(request.body)
        except ValueError:
            return {}
        return {k: str(v) for k, v in data.items()} if isinstance(data, dict) else {}
    return dict(parse_qsl(request.body.decode("utf-8", "replace"))) if "urlencoded" in kind else {}


__all__ = [
    "AGAIN",
    "ATTEMPTS",
    "LOGIN",
    "NAME",
    "NOT_LOGIN",
    "OLD",
    "PASSWORD",
    "Accounts",
    "form_of",
    "with_values",
]
