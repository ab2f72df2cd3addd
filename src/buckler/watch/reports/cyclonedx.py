"""Reads the vulnerabilities of CycloneDX documents, 1.4 to 1.7, as JSON. Source: ECMA-424, ``vulnerabilities``.

A vulnerability of one component is one finding, whichever version it has. What the document itself calls not affected
or a false positive is kept as set apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from buckler.core.finding import Severity
from buckler.watch.life import Looked
from buckler.watch.reports.bounds import bounded
from buckler.watch.reports.document import Field
from buckler.watch.reports.values import Read, Seen

FORMAT: Final = "CycloneDX"
VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")
RULE: Final = "vulnerable-component"
_APART: Final = ("not_affected", "false_positive", "resolved", "resolved_with_pedigree")
_SEVERITIES: Final = {**{s.value: s for s in Severity}, "none": Severity.INFO}
MOST_DEPTH: Final = 20


def read(report: Field) -> Read:
    """The report.

    Raises:
        RefusedError: It is none; the message begins with the field that is wrong.
    """
    if report["specVersion"].text() not in VERSIONS:
        raise report["specVersion"].wrong(f"is none of {', '.join(VERSIONS)}")
    tool = _tool(report["metadata"]["tools"]) or FORMAT
    names = dict(_components(report["components"], 0))
    names.update(_components(Field([report["metadata"]["component"].value or {}], "metadata"), 0))
    listed = report["vulnerabilities"]
    each = (one for item in listed.rows() for one in _vulnerability(item, names))
    found = {one.fingerprint: one for one in bounded(each, listed.at)}
    # A bill of materials without that list is none of what is known against it.
    whole = report["vulnerabilities"].value is not None
    return Read(
        tool=tool,
        findings=tuple(found.values()),
        looked=Looked(whole=whole, rules=None, tool=tool),
    )


def _tool(tools: Field) -> str:
    """Of the list of 1.4, or of the components of 1.5 and later."""
    listed = tools.rows(100) if isinstance(tools.value, list) else tools["components"].rows(100)
    return listed[0]["name"].text(most=80) if listed else ""


def _components(listed: Field, depth: int) -> Iterator[tuple[str, tuple[str, str]]]:
    if depth > MOST_DEPTH:
        raise listed.wrong(f"is nested more than {MOST_DEPTH} deep")
    for item in listed.rows():
        name, version = item["name"].text(most=300), item["version"].text(most=100)
        if reference := item["bom-ref"].text(most=1000):
            yield reference, (name, version)
        yield from _components(item["components"], depth + 1)


def _vulnerability(item: Field, names: Mapping[str, tuple[str, str]]) -> Iterator[Seen]:
    name = item["id"].text(needed=True, most=100)
    state = item["analysis"]["state"].text(most=40)
    why = item["analysis"]["detail"].text(most=1000) or state.replace("_", " ")
    told = item["description"].text() or item["detail"].text()
    severity = _severity(item)
    for affected in item["affects"].rows():
        reference = affected["ref"].text(needed=True, most=1000)
        component, version = names.get(reference, (reference, ""))
        yield Seen(
            fingerprint=_digest(name, component),
            rule=RULE,
            title=f"{name} in {component}",
            severity=severity,
            confidence="observed",
            message=told or f"{component} {version} has {name}.",
            subject=f"{component} {name}",
            detail={"version": version, "recommendation": item["recommendation"].text()},
            suppression=why if state in _APART else "",
        )


def _severity(item: Field) -> Severity:
    """The worst that a rating gives; medium where none does."""
    found = []
    for rating in item["ratings"].rows(100):
        text = rating["severity"].text(most=20)
        if text and text != "unknown" and text not in _SEVERITIES:
            raise rating["severity"].wrong("is no severity")
        if text in _SEVERITIES:
            found.append(_SEVERITIES[text])
    return min(found, key=lambda one: one.rank, default=Severity.MEDIUM)


def _digest(*parts: str) -> str:
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return "x" + hashlib.sha256(text).hexdigest()[:31]
