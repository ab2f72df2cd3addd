"""Whether one user of a site gets what belongs to another: CWE-639, OWASP API1:2023.

Only what is read is asked for: on a site where people live nothing is changed to find out whose it is.
"""

from __future__ import annotations

from dataclasses import replace

from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.harvest import leaves
from buckler.scan.engines.attack.objects import Objects, owner_in
from buckler.scan.engines.attack.people import who_is
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.observations import Foreign


def compare(run: Run, explorer: Explorer) -> None:
    """Ask as each identity for what another one's lists name, and keep what was given.

    Args:
        run: The run; with one identity there is nothing to compare.
        explorer: Knows how operations are reached.
    """
    if len(run.identities) < 2:
        return
    Objects(reading(run), explorer).collect()
    run.seen.foreign[:] = [replace(f, named=_says_whose(run, f)) for f in run.seen.foreign]


def reading(run: Run) -> Run:
    """The run with what only reads."""
    return replace(run, operations=tuple(op for op in run.operations if op.method == "GET"))


def _says_whose(run: Run, found: Foreign) -> bool:
    """Whether the owner is one of the identities, and stands in the request or in the object."""
    if found.owner not in run.identities:
        return False
    if not found.slot.startswith("path:") or owner_in(found.seen.answer.json):
        return True
    texts = {text for _, text in leaves(found.seen.answer.json, "")}
    return any(value in texts for _, value in who_is(run, found.owner))
