"""Puts the application's databases back between groups of probes.

One probe's write is not to be another's finding, nor to hide one. What was kept holds the sessions of
everybody who was signed in then, so the identities are put back with it. What an application keeps in its
own memory stays as the probes left it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from buckler.scan.engines.app.answers import Databases
from buckler.scan.engines.app.child import ChildLost
from buckler.scan.engines.attack.identities import all_known, sign_in_all
from buckler.scan.engines.interface import Answer, Identity

if TYPE_CHECKING:
    from buckler.scan.engines.attack.run import Run


@dataclass(slots=True)
class Kept:
    """What is put back.

    Attributes:
        stores: How many databases; none where the application has none, or keeps nothing in one.
        identities: By name, as they were signed in.
        nobody: The visitor that pages made of somebody without an identity.
        holds_probes: Whether a word of ours went into a database since it was put back.
    """

    stores: int = 0
    identities: dict[str, Identity] = field(default_factory=dict)
    nobody: Identity | None = None
    holds_probes: bool = False


def keep(run: Run) -> None:
    """Remember what the databases hold now, and who is signed in."""
    try:
        told = run.session.keep()
    except ChildLost as error:
        run.kept = Kept()
        run.lose(None, error)
        return
    _tell(run, told.failed, "not kept")
    run.kept = Kept(told.stores, dict(run.identities), run.nobody)


def note(run: Run, answer: Answer) -> None:
    """See whether a word of ours went into a database."""
    if "stored" in answer.effects:
        run.kept.holds_probes = True


def changed(run: Run) -> bool:
    """Whether any database holds something else than what was kept."""
    if not run.kept.stores:
        return False
    try:
        return bool(run.session.changed().changed)
    except ChildLost as error:
        run.lose(None, error)
        return False


def restore(run: Run) -> bool:
    """Put the databases back as they were kept; whether any was not as it had been."""
    if not run.kept.stores:
        return False
    told = Databases()
    try:
        told = run.session.restore()
    except ChildLost as error:
        run.lose(None, error)
    _tell(run, told.failed, "not put back")
    run.kept.holds_probes = False
    if told.changed and run.identities != run.kept.identities:
        run.identities.update(run.kept.identities)
        run.nobody = run.kept.nobody
        if not all_known(run):  # sessions in the application's own memory are as they were
            sign_in_all(run)
            keep(run)
    return bool(told.changed)


def let_back_in(run: Run) -> None:
    """Sign in again where a database was put back and the application's own memory knows that somebody was thrown out."""
    restore(run)
    if run.kept.stores and not all_known(run):
        sign_in_all(run)
        keep(run)


def _tell(run: Run, failed: Iterable[str], what: str) -> None:
    for why in failed:
        run.gap(
            "databases",
            f"{what} between groups of probes, so one probe's write may show in another's answer: {why}"[
                :400
            ],
        )
