"""What requests without a payload showed: the material of rules about access and answers."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from buckler.core.finding import Finding
    from buckler.scan.engines.interface import Exchange, Identity
    from buckler.scan.model.application import SecurityScheme


@dataclass(frozen=True, slots=True)
class Forgery:
    """A token that nobody should take, and that the application took.

    Attributes:
        kind: ``signature`` (any signature will do), ``none`` (the algorithm may be ``none``),
            ``key`` (it was signed with a guessed key) or ``expired`` (a real one that ran out).
        operation: Key of the operation.
        slot: Where the token was sent; empty where it is one of an answer.
        stack: The project's lines that read it, innermost first: path, line, function.
        how: What was changed about the token, for people.

    """

    kind: str
    operation: str
    slot: str
    exchange: Exchange
    stack: tuple[tuple[str, int, str], ...] = ()
    how: str = ""


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something of one identity that another one got.

    Attributes:
        owner: Name of the identity whose it is, or what the answer calls its owner.
        mine: What the owner is answered.
        seen: What the other one is answered.
        slot: Key of the slot that names it.
        stack: The project's lines that looked for it, innermost first, where they were seen.
        named: Whether the answer or the request says whose it is; what one identity's list has and the other's has not may be
            meant for both on a site where people live.
    """

    owner: str
    mine: Exchange
    seen: Exchange
    slot: str
    stack: tuple[tuple[str, int, str], ...] = ()
    named: bool = True


@dataclass(slots=True)
class Observations:
    """What benign requests showed.

    Attributes:
        matrix: By operation key and identity name (None for nobody): the exchange that got
            furthest.
        kinds: Samples of every kind of answer: ``200``, ``401``, ``404``, ``405``, ``413``,
            ``422``, ``500``, ``redirect``, ``docs``, ``static``, ``html``.
        logins: By operation key: answers to twelve wrong passwords in a row from one address.
        locked: By operation key: the answer to the right password after those, where it lets in nobody any more.
        guesses: By operation key: slot of the name, answers to a wrong password for a name that
            exists, and for one that does not.
        foreign: Exchanges in which one identity asked for an object of another and got it.
        preflights: By origin that was sent: the answer to a CORS request from it.
        hosts: Exchanges with a canary as the Host header.
        identities: Who there is.
        failures: By operation key: answers to any request that tell of an error.
        raised: By operation key: the text of an error that the handler was made to raise, and
            how it was answered.
        forged: By operation key: the answer to credentials that were made up.
        lax: By operation key: an optional scheme, the answer without its credential, and the
            refusal of a wrong one.
        unsigned: By operation key: a header that signs the message, the answer without it, and the refusal of a
            wrong one.
        emptied: By operation key: slot of a code, the answer to an empty one, and the refusal of a wrong one.
        pretended: By operation key: a header that says where a request comes from, the answer with it, and the
            refusal without it.
        uncounted: By operation key: such a header, and the answers to wrong passwords in a row that each said
            another address, where they are limited without it.
        codes: By operation key: slot of a short code, and the answers to wrong ones in a row.
        websockets: By operation key: connections from a foreign origin, as nobody and as the
            identities that have cookies.
        cross_site: By operation key: what a foreign site can send in a visitor's name and the
            handler took.
        large: By operation key: slot, and the answer to a value or body of some megabytes.
        pages: By operation key: slot, and the answers to page size 1 and to a million.
        weak_passwords: By operation key: slot, and the answer to a password of one letter.
        unvalidated: By operation key: a body that its schema forbids and the handler got.
        assigned: By operation key: slot of a privileged field, its value, and the answer.
        forgeries: Tokens that the scan made itself and the application took.
        earlier: What the engines before this one found, so that a rule can weigh an answer
            against what it read in the source.

    """

    matrix: dict[str, dict[str | None, Exchange]] = field(default_factory=dict)
    kinds: dict[str, list[Exchange]] = field(default_factory=dict)
    logins: dict[str, list[Exchange]] = field(default_factory=dict)
    locked: dict[str, Exchange] = field(default_factory=dict)
    guesses: dict[str, tuple[str, Exchange, Exchange]] = field(default_factory=dict)
    foreign: list[Foreign] = field(default_factory=list)
    preflights: dict[str, list[Exchange]] = field(default_factory=dict)
    hosts: list[tuple[str, Exchange]] = field(default_factory=list)
    identities: tuple[Identity, ...] = ()
    everything: list[Exchange] = field(default_factory=list)
    failures: dict[str, list[Exchange]] = field(default_factory=dict)
    raised: dict[str, tuple[str, Exchange]] = field(default_factory=dict)
    forged: dict[str, Exchange] = field(default_factory=dict)
    lax: dict[str, tuple[SecurityScheme, Exchange, Exchange]] = field(default_factory=dict)
    unsigned: dict[str, tuple[str, Exchange, Exchange]] = field(default_factory=dict)
    emptied: dict[str, tuple[str, Exchange, Exchange]] = field(default_factory=dict)
    pretended: dict[str, tuple[str, Exchange, Exchange]] = field(default_factory=dict)
    uncounted: dict[str, tuple[str, list[Exchange]]] = field(default_factory=dict)
    codes: dict[str, tuple[str, list[Exchange]]] = field(default_factory=dict)
    websockets: dict[str, list[Exchange]] = field(default_factory=dict)
    cross_site: dict[str, Exchange] = field(default_factory=dict)
    large: dict[str, list[tuple[str, Exchange]]] = field(default_factory=dict)
    pages: dict[str, list[tuple[str, Exchange, Exchange]]] = field(default_factory=dict)
    weak_passwords: dict[str, tuple[str, Exchange]] = field(default_factory=dict)
    unvalidated: dict[str, Exchange] = field(default_factory=dict)
    assigned: dict[str, list[tuple[str, object, Exchange]]] = field(default_factory=dict)
    forgeries: list[Forgery] = field(default_factory=list)
    earlier: tuple[Finding, ...] = ()

    def apart(self) -> Observations:
        """Empty ones that know the same identities and how far each of them got."""
        matrix = {key: dict(cells) for key, cells in self.matrix.items()}
        return Observations(matrix=matrix, identities=self.identities)

    def extend(self, other: Observations) -> None:
        """Add what another one holds, behind one's own; the matrix and what both were given stay."""
        for item in fields(self):
            mine, theirs = getattr(self, item.name), getattr(other, item.name)
            if item.name in ("matrix", "identities", "earlier"):
                continue
            if isinstance(mine, list):
                mine.extend(theirs)
                continue
            for key, value in theirs.items():
                if isinstance(value, list):
                    mine.setdefault(key, []).extend(value)
                else:
                    mine.setdefault(key, value)
