"""Where an application lets people in: the operations that sign up and sign in, as forms to be filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from buckler.core.settings import LoginSettings
from buckler.scan.engines.attack.accounts import AGAIN, LOGIN, NAME, NOT_LOGIN, OLD, PASSWORD
from buckler.scan.engines.attack.drafts import CannotCarry, Draft, benign
from buckler.scan.engines.attack.identities import TOKENS
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.slots import slots_of
from buckler.scan.engines.attack.values import lengths, resolve
from buckler.scan.engines.interface import Answer, Slot
from buckler.scan.model.application import Operation, Schema

SIGN_UP = re.compile(r"sign-?up|regist|enrol|\bjoin|create[-_]?(user|account)", re.IGNORECASE)
PEOPLE = re.compile(
    r"/(users?|accounts?|members?|customers?|people|persons?|clients?)/?$", re.IGNORECASE
)
RIGHTS = re.compile(
    r"role|admin|staff|superuser|moderator|permission|privilege|scope|rights|level|tier|rank",
    re.IGNORECASE,
)
"""Names of what says how much somebody may do."""
HIGH = re.compile(r"admin|root|super|owner|staff|manager|moderator|all|\*", re.IGNORECASE)
SECRET = "Correct-Horse-7-Staple"  # noqa: S105 - the password of accounts that the scan makes
ROUNDS = 3
MAX_PATH = 3


@dataclass(frozen=True, slots=True)
class Form:
    """An operation that takes a name and a password.

    Attributes:
        operation: That takes them.
        slots: Of what it reads, declared or not.
    """

    operation: Operation
    slots: tuple[Slot, ...]

    @property
    def secrets(self) -> list[Slot]:
        """Slots of the password, and of the same once more."""
        return [s for s in self.slots if PASSWORD.search(s.leaf) or AGAIN.search(s.leaf)]

    @property
    def names(self) -> list[Slot]:
        """Slots that say who it is."""
        secrets = self.secrets
        return [s for s in self.slots if NAME.search(s.leaf) and s not in secrets]

    def draft(self, host: str, *, variant: int = 0, full: bool = False) -> Draft:
        """A request to it, with a text wherever it reads one by itself."""
        made = benign(self.operation, host=host, variant=variant, full=full)
        declared = {slot.key for slot in slots_of(self.operation)}
        for slot in self.slots:
            if slot.key not in declared:
                made = made.with_value(slot, "sample")
        return made

    def signing_in(
        self, host: str, names: Sequence[str], password: str, said: Iterable[tuple[str, str]] = ()
    ) -> LoginSettings | None:
        """The request with a name and a password in it; None where they cannot be told in one.

        Args:
            host: Of the application.
            names: Of one account, the likeliest first; what asks for an address gets one.
            password: Of it.
            said: What else is known of it, by name: its tenant, its number.
        """
        made, slots, secrets = self.draft(host), self.names, self.secrets
        known = {_folded(name): text for name, text in reversed([*said])}
        for slot in self.slots:
            if slot not in slots and slot not in secrets and _folded(slot.leaf) in known:
                made = _with(made, slot, known[_folded(slot.leaf)])
        for slot in slots:
            wants_mail = "mail" in slot.leaf.lower() or slot.schema.get("format") == "email"
            fitting = [name for name in names if ("@" in name) == wants_mail]
            likeliest = [*names] if len(slots) == 1 and not wants_mail else fitting or [*names]
            made = _with(made, slot, likeliest[0])
        for slot in secrets:
            made = _with(made, slot, password)
        return told(made)

    def signing_up(self, host: str, number: int, *, full: bool) -> LoginSettings | None:
        """The request that makes an account of a number, which asks for no more rights than it has to."""
        made, names = self.draft(host, variant=number, full=full), self.names
        declared = {slot.key for slot in slots_of(self.operation)}
        for slot in names:
            if slot.key not in declared:
                mail = "@example.com" if "mail" in slot.leaf.lower() else ""
                made = _with(made, slot, f"casey{number}{mail}")
        for slot in self.secrets:
            if not slot.schema.get("pattern"):
                made = _with(made, slot, _fitting(slot, SECRET))
        schema = _taken(self.operation)
        if isinstance(made.json, dict):
            made = replace(made, json=_modest(made.json, schema, schema))
        kept = ((name, _modest({name: text}, schema, schema)) for name, text in made.form)
        made = replace(made, form=[(name, held[name]) for name, held in kept if name in held])
        return told(made)


def forms(run: Run) -> tuple[list[Form], list[Form]]:
    """What signs up and what signs in, the likeliest first."""
    up: list[tuple[int, Form]] = []
    into: list[tuple[int, Form]] = []
    for operation in run.operations:
        if operation.method not in ("POST", "PUT") or "{" in operation.path:
            continue
        telling = LOGIN.search(operation.path) or SIGN_UP.search(operation.path)
        form = _form(run, operation, bool(telling))
        if not form.secrets or any(OLD.search(slot.leaf) for slot in form.slots):
            continue
        if SIGN_UP.search(operation.path) or PEOPLE.search(operation.path):
            up.append((0 if SIGN_UP.search(operation.path) else 1, form))
        elif not NOT_LOGIN.search(operation.path) and form.names:
            others = len(form.slots) - len(form.secrets) - len(form.names)
            into.append((0 if LOGIN.search(operation.path) else 1 + others, form))
    return _sorted(up), _sorted(into)


def _sorted(found: list[tuple[int, Form]]) -> list[Form]:
    return [form for _, form in sorted(found, key=lambda one: (one[0], one[1].operation.key))]


def _form(run: Run, operation: Operation, ask: bool) -> Form:
    """The form of an operation; what its handler reads without declaring it is asked for."""
    form = Form(operation, tuple(s for s in slots_of(operation) if _is_sent(s)))
    if form.secrets or not ask or operation.body is not None:
        return form
    for _ in range(ROUNDS):
        for draft in _empty(form, run.host):
            answer = run.send(draft.request(client=run.client()), operation)
            fresh = tuple(_read(answer, form)) if answer is not None else ()
            if fresh:
                form = Form(operation, (*form.slots, *fresh))
                break
        else:
            return form
    return form


def _empty(form: Form, host: str) -> Iterator[Draft]:
    """What is known so far; before anything is, an empty form and an empty object."""
    made = form.draft(host)
    if made.form or made.json is not None:
        yield made
    else:
        yield replace(made, form=[("sample", "sample")])
        yield replace(made, json={})


def _read(answer: Answer, form: Form) -> Iterator[Slot]:
    known = {slot.key for slot in form.slots}
    for key in answer.reads:
        where, _, name = key.partition(":")
        slot = Slot(where, name)
        if (
            key not in known
            and name
            and _is_sent(slot)
            and (NAME.search(name) or PASSWORD.search(name))
        ):
            yield slot


def _is_sent(slot: Slot) -> bool:
    return slot.where in ("json", "form", "query")


def _with(draft: Draft, slot: Slot, text: str) -> Draft:
    try:
        return replace(draft.with_value(slot, text), attacked=frozenset())
    except CannotCarry:
        return draft


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _fitting(slot: Slot, text: str) -> str:
    least, most = lengths(slot.schema)
    return text.ljust(least, "a")[:most]


def _taken(operation: Operation) -> Schema:
    """What a body may hold at its top: the fields of a form, or of the one object in it."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    required: list[str] = []
    for field in operation.body.fields if operation.body is not None else ():
        schema = resolve(field.schema)
        definitions |= field.schema.get("$defs") or {}
        properties |= {field.name: schema, **(schema.get("properties") or {})}
        required += [field.name] * field.required + list(schema.get("required") or ())
    return {"properties": properties, "required": required, "$defs": definitions}


def _modest(sent: dict[str, Any], schema: Schema, root: Schema) -> dict[str, Any]:
    """What is sent, without rights that need not be asked for."""
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    kept: dict[str, Any] = {}
    for name, value in sent.items():
        inner = resolve(properties.get(name) or {}, root)
        if RIGHTS.search(name) and name not in required:
            continue
        if isinstance(value, dict):
            kept[name] = _modest(value, inner, root)
        elif RIGHTS.search(name):
            humble = [one for one in inner.get("enum") or [] if not HIGH.search(str(one))]
            kept[name] = humble[0] if humble else False if value is True else value
        else:
            kept[name] = value
    return kept


def told(draft: Draft) -> LoginSettings | None:
    """A draft as the settings tell a request; None for a body that they cannot tell."""
    request = draft.request()
    target = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
    kind = request.header("content-type") or ""
    if "json" in kind:
        sent = json.loads(request.body)
        return LoginSettings(target, json=sent) if isinstance(sent, dict) else None
    if "urlencoded" in kind:
        pairs = parse_qsl(request.body.decode("utf-8"), keep_blank_values=True)
        return LoginSettings(target, form=dict(pairs))
    return None if request.body else LoginSettings(target)


def token_path(answer: Answer) -> str:
    """The dotted path of the token in an answer; empty where there is none."""
    level: list[tuple[str, Any]] = [("", answer.json)]
    for _ in range(MAX_PATH):
        below: list[tuple[str, Any]] = []
        for path, value in level:
            if not isinstance(value, dict):
                continue
            for name in TOKENS:
                if isinstance(value.get(name), str) and value[name]:
                    return f"{path}{name}"
            below += [(f"{path}{name}.", inner) for name, inner in value.items()]
        level = below
    return ""
