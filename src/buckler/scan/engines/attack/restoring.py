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
from buckler.scan.engines.interface import Identity

if TYPE_CHECKING:
    from buckler.scan.engines.attack.run import Run


@dataclass(slots=True)
class Kept:
    """What is put back.

    Attributes:
        stores: How many databases; none where the application has none, or keeps nothing in one.
        identities: By name, as they were signed in.
        nobody: The visitor that pages made of somebody without an identity.
    """

    stores: int = 0
    identities: dict[str, Identity] = field(default_factory=dict)
    nobody: Identity | None = None


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
    if told.changed:
        run.identities.update(run.kept.identities)
        run.nobody = run.kept.nobody
    return bool(told.changed)


def _tell(run: Run, failed: Iterable[str], what: str) -> None:
    for why in failed:
        run.gap(
            "databases",
            f"{what} between groups of probes, so one probe's write may show in another's answer: {why}"[
                :400
            ],
        )
