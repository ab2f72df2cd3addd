"""Identities for a scan whose settings name none: accounts that it makes, and accounts that the application brings along.

Most of an application stands behind its sign-in. Where it lets anybody sign up, two do; whoever it made while it started
signs in with the password that it hashed then. An identity counts only where a wrong password gives nothing, and where
something opens to it that is closed to nobody in particular.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from buckler.core.report import IdentityUsed
from buckler.core.settings import ADMIN, IdentitySettings, LoginSettings
from buckler.scan.engines.attack.accounts import PASSWORD, with_values
from buckler.scan.engines.attack.credentials import Credential, credentials, is_chief
from buckler.scan.engines.attack.entrances import SECRET, Form, forms, token_path
from buckler.scan.engines.attack.forms import cookies_of
from buckler.scan.engines.attack.gates import Gates, Rights, rights_in, scalars, shape
from buckler.scan.engines.attack.identities import identity_from, secrets_of, send_login
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Answer, Identity, Request, Slot

TRIES = 40
"""Names and passwords that may fit."""
WAYS_IN = 3
"""Operations that may sign in, and that may sign up, of each the likeliest."""
NUMBERS = (2, 4, 6)
"""Of the accounts that are made: even ones agree to what they are asked."""
MOST_MS = 12_000.0
"""Milliseconds that signing in may take, all in all: passwords are hashed slowly on purpose."""
_WRONG = "wrong-password-Aa1!"
_LOCAL = re.compile(r"[^\w.-]+", re.ASCII)
_TOKEN = re.compile(r"[\w.~+/=-]{6,200}", re.ASCII)

Sent = tuple[Request, Answer]


def introduce(run: Run) -> bool:
    """Give a run identities, if its settings name none and anything is closed to nobody.

    They are signed in, and stand in its settings from then on as those of a user do. Tells whether there are any.
    """
    if run.settings.identities or run.session.reads_only or run.settings.accounts == "none":
        return False
    found = _Search(run).found()
    run.settings = replace(run.settings, identities=tuple(one.item for one in found))
    for one in found:
        run.identities[one.item.name] = one.identity
        run.redactor.know(secrets_of(one.item, one.identity))
        if one.exchange is not None:
            run.signed_in[one.item.name] = one.exchange
    run.seen.identities = tuple(run.identities.values())
    return bool(found)


def used(run: Run, *, named: bool) -> list[IdentityUsed]:
    """Who signed in, and where it is from.

    Args:
        run: After signing in.
        named: Whether the settings of the user name identities.
    """
    found = []
    for item in run.settings.identities:
        request = item.signup or item.login
        source = "settings" if named else "signup" if item.signup else "application"
        if item.name in run.identities:
            target = request.request.partition("?")[0] if request else ""
            found.append(IdentityUsed(item.name, item.role, source, target))
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody who got in.

    Attributes:
        identity: With its credentials.
        exchange: That got them, if one did.
        rights: What the application said of its rights.
    """

    item: IdentitySettings
    identity: Identity
    exchange: Sent | None = None
    rights: Rights = frozenset()

    def called(self, name: str, role: str) -> _Known:
        """The same under another name, or with another role."""
        item = replace(self.item, name=name, role=role)
        return replace(self, item=item, identity=replace(self.identity, name=name, role=role))


@dataclass(slots=True)
class _Search:
    """Looks for identities of one run.

    Attributes:
        strict: Requests that are known to refuse a wrong password.
    """

    run: Run
    gates: Gates = field(init=False)
    tries: int = 0
    spent: float = 0.0
    strict: set[str] = field(default_factory=set)

    def found(self) -> list[_Known]:
        """Those that got in: at most two of a kind, and one that may do more."""
        self.gates = Gates(self.run)
        if not self.gates:
            return []
        up, into = forms(self.run)
        up, into = up[:WAYS_IN], into[:WAYS_IN]
        made = self._newcomers(up, into)
        brought = list(self._brought(into))
        chiefs = [one for one in (*made, *brought) if one.item.role == ADMIN]
        people = [one for one in made if one.item.role != ADMIN]
        if len(people) < 2:
            people = _alike(brought) or people
        # Who signs up first may do more, also when all sign up again after a restart.
        first = [one for one in chiefs[:1] if one.item.signup is not None]
        chosen = list(_named_apart([*first, *people[:2], *(chiefs[:1] if not first else [])]))
        if not chosen and (up or into):
            entrance = (into or up)[0].operation.key
            self.run.gap(
                "signing in",
                f"nobody was signed in by {entrance}: no account can be made there, and none is known",
                "name identities in [tool.buckler.identities]",
            )
        return chosen

    def _newcomers(self, up: Sequence[Form], into: Sequence[Form]) -> list[_Known]:
        """Two who signed up; three where the first may do more, as it does in some applications."""
        for form in up:
            first = self._newcomer(form, into, NUMBERS[0])
            if first is None:
                continue
            second = self._newcomer(form, into, NUMBERS[1])
            if second is None or second.rights == first.rights:
                return [one for one in (first, second) if one is not None]
            third = self._newcomer(form, into, NUMBERS[2])
            if third is not None and third.rights != second.rights:
                # What is said differs from account to account, so it tells nothing of the first.
                return [second, third]
            chief = first.called(first.item.name, ADMIN)
            return [one for one in (chief, second, third) if one is not None]
        return []

    def _newcomer(self, form: Form, into: Sequence[Form], number: int) -> _Known | None:
        for full in (False, True):
            signup = form.signing_up(self.run.host, number, full=full)
            sent = None if signup is None else self._sent(signup)
            if signup is None or sent is None or not sent[1].ok:
                continue
            names = _told(form.names, signup) or ["account"]
            password = (_told(form.secrets, signup) or [SECRET])[0]
            item = IdentitySettings(_called(names), signup=signup)
            for login in self._logins(into, names, password):
                known = self._signed_in(replace(item, login=login), login)
                if known is not None:
                    return replace(known, rights=known.rights | rights_in(sent[1]))
            alone = self._carried(item, signup, sent)
            if alone is not None:
                return alone
        return None

    def _logins(
        self, into: Sequence[Form], names: Sequence[str], password: str
    ) -> Iterator[LoginSettings]:
        """Requests that may sign a new account in; what is called a name may want the address."""
        mails = tuple(name for name in names if "@" in name)
        for entrance in into:
            for given in dict.fromkeys((tuple(names), mails or tuple(names))):
                login = entrance.signing_in(self.run.host, given, password)
                if login is not None:
                    yield login

    def _brought(self, into: Sequence[Form]) -> Iterator[_Known]:
        """Those whose passwords, or tokens, the application hashed while it started."""
        inside: dict[str, str] = {}
        for credential in credentials(self.run.model.brought):
            if credential.password in (inside.get(name) for name in credential.names):
                continue
            for name, item in self._items(credential, into):
                if name in inside:
                    continue
                if self.tries >= TRIES or self.spent > MOST_MS:
                    return
                self.tries += 1
                known = self._signed_in(item, item.login) if item.login else self._judged(item)
                if known is not None:
                    inside[name] = credential.password
                    said = known.rights | frozenset(credential.rights)
                    chief = is_chief(known.rights)
                    yield replace(known, rights=said).called(
                        item.name, ADMIN if chief else item.role
                    )
                    break

    def _items(
        self, credential: Credential, into: Sequence[Form]
    ) -> Iterator[tuple[str, IdentitySettings]]:
        """Ways in which an account may sign in, the likeliest first, each with the name that it tries."""
        names, password = credential.names, credential.password
        for name in names:
            item = IdentitySettings(_called([name]), credential.role)
            if self.gates.take_basic():
                pair = b64encode(f"{name}:{password}".encode()).decode()
                yield name, replace(item, headers={"Authorization": f"Basic {pair}"})
            for entrance in into:
                # Where two names are asked for, the others of the same account may be the second.
                ordered = [name, *(other for other in names if other != name)]
                login = entrance.signing_in(self.run.host, ordered, password, credential.said)
                if login is not None:
                    yield name, replace(item, login=login)
        if _TOKEN.fullmatch(password):
            item = IdentitySettings(_called(names), credential.role)
            for header, word in self.gates.headers():
                yield names[0], replace(item, headers={header: f"{word} {password}".strip()})
            for cookie in self.gates.cookies():
                yield names[0], replace(item, cookies={cookie: password})

    def _signed_in(self, item: IdentitySettings, login: LoginSettings) -> _Known | None:
        """Whoever signs in by a request that refuses a wrong password."""
        sent = self._sent(login)
        if sent is None or not sent[1].ok or not (token_path(sent[1]) or cookies_of(sent[1])):
            return None
        if login.request not in self.strict:
            wrong = self._sent(with_values(login, PASSWORD, _WRONG))
            if wrong is None or shape(wrong[1]) == shape(sent[1]):
                return None
            self.strict.add(login.request)
        return self._carried(item, login, sent)

    def _carried(self, item: IdentitySettings, login: LoginSettings, sent: Sent) -> _Known | None:
        """The identity in the way in which the application takes what it gave."""
        path = token_path(sent[1])
        ways = [
            replace(login, token=path, header=header, scheme=word)
            for header, word in self.gates.headers()
        ]
        for way in ways if path else [login]:
            made = replace(item, login=way) if item.login else replace(item, signup=way)
            if (known := self._judged(made, way, sent)) is not None:
                return known
        return None

    def _judged(
        self, item: IdentitySettings, login: LoginSettings | None = None, sent: Sent | None = None
    ) -> _Known | None:
        """The identity, if a gate opens to it."""
        identity = identity_from(item, login, sent[1] if sent else None)
        rights = None if identity is None else self.gates.rights(identity)
        if identity is None or rights is None:
            return None
        told = rights_in(sent[1]) if sent else frozenset()
        return _Known(item, identity, sent, rights | told)

    def _sent(self, login: LoginSettings) -> Sent | None:
        request, answer = send_login(self.run, login)
        if answer is None:
            return None
        self.spent += answer.ms
        return request, answer


def _told(slots: Sequence[Slot], signup: LoginSettings) -> list[str]:
    """What an account that was made is called, or its password."""
    keys = {slot.leaf for slot in slots}
    sent = scalars(dict(signup.json or signup.form or {}))
    return [text for name, text in sent if name in keys]


def _called(names: Sequence[str]) -> str:
    return _LOCAL.sub("-", names[0].partition("@")[0]) or "account"


def _alike(brought: Sequence[_Known]) -> list[_Known]:
    """Of those who are brought along, most that may do the same; at least one."""
    groups: dict[tuple[str, Rights], list[_Known]] = {}
    for one in brought:
        if one.item.role != ADMIN:
            groups.setdefault((one.item.role, one.rights), []).append(one)
    return max(groups.values(), key=len, default=[])


def _named_apart(people: Sequence[_Known]) -> Iterator[_Known]:
    """The same, no two under one name."""
    taken: set[str] = set()
    for one in people:
        name = one.item.name
        while name in taken:
            name += "-2"
        taken.add(name)
        yield one.called(name, one.item.role)
