"""Reads statements of CycloneDX documents: the analyses of their vulnerabilities.

Source: CycloneDX 1.4 to 1.7, ``vulnerabilities``; BOM-Link (``urn:cdx:``). That a statement ends is told by a property
``buckler:expires`` with a date, of the vulnerability or of the whole document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from packaging.utils import canonicalize_name

from buckler.scan.engines.packages.documents import purl
from buckler.scan.engines.packages.documents.fields import items, moment, table, text
from buckler.scan.engines.packages.documents.state import Status
from buckler.scan.engines.packages.documents.statements import Malformed, Product, Statement

LIST: Final = "vulnerabilities"
EXPIRES: Final = "buckler:expires"
_STATES: Final = {
    "resolved": Status.FIXED,
    "resolved_with_pedigree": Status.FIXED,
    "exploitable": Status.AFFECTED,
    "in_triage": Status.UNDER_INVESTIGATION,
    "false_positive": Status.NOT_AFFECTED,
    "not_affected": Status.NOT_AFFECTED,
}
_JUSTIFICATIONS: Final = {
    "code_not_present": "vulnerable_code_not_present",
    "code_not_reachable": "vulnerable_code_not_in_execute_path",
    "requires_configuration": "",
    "requires_dependency": "",
    "requires_environment": "",
    "protected_by_compiler": "inline_mitigations_already_exist",
    "protected_at_runtime": "inline_mitigations_already_exist",
    "protected_at_perimeter": "",
    "protected_by_mitigating_control": "inline_mitigations_already_exist",
}
"""What OpenVEX calls the same; nothing where it has no word for it."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the analyses of one document.

    Attributes:
        path: Of the file.
        made: When the document was made; None where it does not say.
        expires: When all of it ends.
        components: What its own references name.
    """

    path: str
    made: datetime | None
    expires: datetime | None
    components: Mapping[str, purl.Named]

    def statement(self, value: Any, line: int) -> Iterator[Statement]:
        """The statements of one vulnerability; none where nobody analysed it.

        Raises:
            Malformed: It breaks the format.
        """
        said = table(value, "the vulnerability")
        if said.get("analysis") is None:
            return
        analysis = table(said["analysis"], "analysis")
        state = text(analysis, "state")
        if not state:
            return
        if state not in _STATES:
            raise Malformed(f"there is no state {state[:60]!r}")
        word, detail = text(analysis, "justification"), text(analysis, "detail")
        if word and word not in _JUSTIFICATIONS:
            raise Malformed(f"there is no justification {word[:60]!r}")
        status = _STATES[state]
        if status is Status.NOT_AFFECTED and not word and not detail:
            raise Malformed(f"it says {state}, and neither justification nor detail")
        justification = _JUSTIFICATIONS.get(word, "")
        spoken = word.replace("_", " ") if word and not justification else ""
        yield Statement(
            status=status,
            vulnerabilities=_vulnerability(said),
            products=self._products(said),
            path=self.path,
            line=line,
            justification=justification,
            why=": ".join(part for part in (spoken, detail) if part),
            action=text(said, "recommendation"),
            at=self._time(analysis),
            expires=_earlier(_expiry(said), self.expires),
        )

    def _time(self, analysis: Mapping[str, Any]) -> datetime | None:
        at = moment(text(analysis, "lastUpdated"), "lastUpdated")
        return at or moment(text(analysis, "firstIssued"), "firstIssued") or self.made

    def _products(self, said: Mapping[str, Any]) -> tuple[Product, ...]:
        made: list[Product] = []
        for item in items(said.get("affects"), "affects"):
            target = table(item, "an item of affects")
            named = self._named(text(target, "ref"))
            if named is not None:
                made.extend(Product((one,)) for one in _versions(target, named))
        if not made:
            raise Malformed("it names no component that is known, by reference or package URL")
        return tuple(made)

    def _named(self, ref: str) -> purl.Named | None:
        if ref in self.components:
            return self.components[ref]
        if ref.startswith("urn:cdx:"):
            ref = unquote(ref.partition("#")[2])
        return self.components.get(ref) or purl.read(ref)


def reader(document: Mapping[str, Any], path: str) -> Reader:
    """A reader for the vulnerabilities of a document.

    Raises:
        Malformed: Its components or times are none.
    """
    about = table(document.get("metadata") or {}, "metadata")
    root = about.get("component")
    known: dict[str, purl.Named] = {}
    waiting = [*items(document.get("components"), "components")]
    while waiting:
        component = table(waiting.pop(), "a component")
        waiting.extend(items(component.get("components"), "components"))
        _keep(component, purl.PYPI, known)
    if root is not None:
        _keep(table(root, "metadata.component"), purl.GENERIC, known)
    expiries = [_expiry(about), _expiry(document)]
    return Reader(
        path=path,
        made=moment(text(about, "timestamp"), "timestamp"),
        expires=_earlier(*expiries),
        components=known,
    )


def _keep(component: Mapping[str, Any], kind: str, known: dict[str, purl.Named]) -> None:
    ref, written = text(component, "bom-ref"), text(component, "purl")
    name, version = text(component, "name"), text(component, "version")
    named = purl.read(written) if written else None
    if not written and name and not text(component, "group"):
        named = purl.Named(kind, canonicalize_name(name), version)
    if ref and named is not None:
        if ref in known and known[ref] != named:
            raise Malformed(f"two components have the reference {ref[:60]!r}")
        known[ref] = named


def _versions(target: Mapping[str, Any], named: purl.Named) -> Iterator[purl.Named]:
    """The versions that an item is about: all of its component's, or those that it lists."""
    listed = items(target.get("versions"), "versions")
    if not listed:
        yield named
    for item in listed:
        entry = table(item, "an item of versions")
        version = text(entry, "version")
        if not version:
            raise Malformed("it gives a range of versions; only single versions are read")
        if text(entry, "status") in ("", "unaffected") and named.covers(version):
            yield purl.Named(named.kind, named.name, version)


def _vulnerability(said: Mapping[str, Any]) -> tuple[str, ...]:
    references = items(said.get("references"), "references")
    names = [text(said, "id"), *(text(table(r, "a reference"), "id") for r in references)]
    named = tuple(dict.fromkeys(name.upper() for name in names if name))
    if not named:
        raise Malformed("it has no id")
    return named


def _expiry(said: Mapping[str, Any]) -> datetime | None:
    found: datetime | None = None
    for item in items(said.get("properties"), "properties"):
        entry = table(item, "a property")
        if entry.get("name") == EXPIRES:
            value = text(entry, "value")
            if not value:
                raise Malformed(f"{EXPIRES} has no date")
            found = _earlier(found, moment(value, EXPIRES))
    return found


def _earlier(*moments: datetime | None) -> datetime | None:
    return min((one for one in moments if one is not None), default=None)
