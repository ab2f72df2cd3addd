"""What a target states about the weaknesses of its packages, by how its findings stand.

Nothing is stated that was not shown or decided: what a person called a false alarm is ``not_affected`` with their
reason, an accepted risk is ``affected`` with the date until which it is taken, and what only a pin suggests is
``under_investigation``. Source: OpenVEX 0.2.0; CycloneDX 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from packaging.utils import canonicalize_name
from sqlalchemy import Connection, Row, select

from buckler import __version__
from buckler.core.finding import Confidence
from buckler.scan.engines.packages.documents import cyclonedx, openvex, purl, writing
from buckler.scan.engines.packages.documents.bill import Application
from buckler.scan.engines.packages.documents.from_cyclonedx import EXPIRES
from buckler.scan.engines.packages.documents.state import State as Said
from buckler.scan.engines.packages.documents.state import Status
from buckler.watch.db.findings import FINDINGS
from buckler.watch.life import State
from buckler.watch.writing import ADVISED

Format = Literal["openvex", "cyclonedx"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One of them.

    Attributes:
        name: Of the weakness.
        aliases: Its other names.
        package: Normalised name.
        version: Of the package.
        said: What is stated.
        at: When it began to be so, seconds since 1970.
        until: When it ends, seconds since 1970; None for never.
    """

    name: str
    aliases: tuple[str, ...]
    package: str
    version: str
    said: Said
    at: float
    until: float | None

    @property
    def purl(self) -> str:
        """Of the version."""
        return purl.written(self.package, self.version)


def document(connection: Connection, target: Row[Any], form: Format, now: float) -> str:
    """The statements of a target.

    Args:
        connection: For reading.
        target: Row of one that the caller may see.
        form: OpenVEX 0.2.0 or CycloneDX 1.6, as JSON.
        now: Seconds since 1970.
    """
    f = FINDINGS.c
    rows = connection.execute(
        select(FINDINGS)
        .where(f.target_id == target.id, f.rule == ADVISED, f.tool == "")
        .order_by(f.subject, f.id)
    )
    # What is still open comes last and stays, where two findings tell of one weakness in one version.
    stated = sorted((one for row in rows for one in statements(row)), key=_closed_first)
    known = {(one.purl, one.name): one for one in stated}
    found = [known[key] for key in sorted(known)]
    application = Application(canonicalize_name(target.name) or "application").purl
    made = writing.moment(datetime.fromtimestamp(now, UTC))
    render = _openvex if form == "openvex" else _cyclonedx
    return render(application, found, made)


def _closed_first(one: Statement) -> bool:
    return not one.said.status.closes


def statements(row: Row[Any]) -> Iterator[Statement]:
    """What one finding states: one statement for each advisory that it tells of."""
    proofs = row.detail.get("proof")
    for proof in proofs if isinstance(proofs, list) else ():
        if not isinstance(proof, dict) or proof.get("kind") != "advisory":
            continue
        name, aliases = proof.get("advisory"), proof.get("aliases")
        package, version = proof.get("package"), proof.get("installed")
        texts = all(isinstance(one, str) and one for one in (name, package, version))
        if not texts:
            continue
        yield Statement(
            name=writing.text(str(name)),
            aliases=tuple(
                writing.text(one)
                for one in (aliases if isinstance(aliases, list) else ())
                if isinstance(one, str) and one != name
            ),
            package=str(package),
            version=str(version),
            said=_said(row, proof),
            at=row.last_at,
            until=row.accepted_until,
        )


def _said(row: Row[Any], proof: Mapping[str, Any]) -> Said:
    state = State(row.state)
    if state is State.FIXED:
        return Said(Status.FIXED, notes="The version is gone, or has the fix.")
    if state is State.FALSE_ALARM:
        return Said(Status.NOT_AFFECTED, impact=row.reason or "Set apart beside the code.")
    if state is State.ACCEPTED:
        until = writing.moment(datetime.fromtimestamp(row.accepted_until or 0.0, UTC))
        return Said(Status.AFFECTED, action=f"Accepted until {until}: {row.reason}")
    if row.confidence == Confidence.SUSPECTED.value:
        return Said(Status.UNDER_INVESTIGATION, notes=row.message)
    return Said(Status.AFFECTED, notes=row.message, action=_action(proof))


def _action(proof: Mapping[str, Any]) -> str:
    upgrade, package = proof.get("upgrade"), proof["package"]
    if isinstance(upgrade, str) and upgrade:
        return f"Upgrade {package} from {proof['installed']} to {upgrade}."
    return f"Replace {package}, or keep strangers away from what reaches it."


def _openvex(application: str, found: Sequence[Statement], made: str) -> str:
    content: dict[str, Any] = {
        "author": "buckler watch",
        "role": "Service",
        "timestamp": made,
        "version": 1,
        "tooling": writing.TOOL,
        "statements": [_open(one, application) for one in found],
    }
    number = f"urn:uuid:{writing.identity('watch-openvex', content)}"
    return writing.document({"@context": openvex.CONTEXT, "@id": number, **content})


def _open(one: Statement, application: str) -> dict[str, Any]:
    part = {"@id": one.purl, "identifiers": {"purl": one.purl}}
    product = {"@id": application, "identifiers": {"purl": application}, "subcomponents": [part]}
    return writing.without_empty(
        {
            "vulnerability": writing.without_empty(
                {"name": one.name, "aliases": list(one.aliases)}
            ),
            "timestamp": writing.moment(datetime.fromtimestamp(one.at, UTC)),
            "products": [product],
            "status": one.said.status.value,
            "status_notes": writing.text(one.said.notes),
            "impact_statement": writing.text(one.said.impact),
            "action_statement": writing.text(one.said.action),
        }
    )


def _cyclonedx(application: str, found: Sequence[Statement], made: str) -> str:
    known = {one.purl: one for one in found}
    tool = {"type": "application", "name": "buckler", "version": __version__}
    root = {"type": "application", "bom-ref": application, "name": application.rpartition("/")[2]}
    content = {
        "metadata": {"timestamp": made, "tools": {"components": [tool]}, "component": root},
        "components": [
            {
                "type": "library",
                "bom-ref": ref,
                "name": writing.text(one.package),
                "version": writing.text(one.version)[: cyclonedx.MOST_OF_A_VERSION],
                "purl": ref,
            }
            for ref, one in sorted(known.items())
        ],
        "vulnerabilities": [_analysed(one) for one in found],
    }
    head = {"$schema": cyclonedx.SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6"}
    number = f"urn:uuid:{writing.identity('watch-cyclonedx', content)}"
    return writing.document({**head, "serialNumber": number, "version": 1, **content})


def _analysed(one: Statement) -> dict[str, Any]:
    detail = " ".join(part for part in (one.said.impact, one.said.notes) if part)
    ends = "" if one.until is None else writing.moment(datetime.fromtimestamp(one.until, UTC))
    return writing.without_empty(
        {
            "bom-ref": f"{one.purl}#{one.name}",
            "id": one.name,
            "references": [{"id": name, "source": {"name": _SOURCE}} for name in one.aliases],
            "recommendation": writing.text(one.said.action),
            "analysis": writing.without_empty(
                {
                    "state": cyclonedx.STATES[one.said.status],
                    "detail": writing.text(detail),
                    "lastUpdated": writing.moment(datetime.fromtimestamp(one.at, UTC)),
                }
            ),
            "affects": [{"ref": one.purl}],
            "properties": [{"name": EXPIRES, "value": ends}] if ends else [],
        }
    )


_SOURCE: Final = "OSV"
