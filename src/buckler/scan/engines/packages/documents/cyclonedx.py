"""The bill of materials and the statements about weaknesses as CycloneDX 1.6, in JSON.

Written here and not by cyclonedx-python-lib, whose writing takes time by the square of the components (12 s for 4,000,
minutes for the 20,000 that a lock may hold); the tests check it by that library's schemas and read it with it.
Source: CycloneDX 1.6 (ECMA-424, 1st edition).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from buckler import __version__
from buckler.scan.engines.packages.advisories.model import Advisory
from buckler.scan.engines.packages.documents import writing
from buckler.scan.engines.packages.documents.bill import Bill, Component, Judged
from buckler.scan.engines.packages.documents.licences import choice
from buckler.scan.engines.packages.documents.state import State, Status
from buckler.scan.engines.packages.reach.telling import way

SCHEMA: Final = "http://cyclonedx.org/schema/bom-1.6.schema.json"
STATES: Final = {
    Status.AFFECTED: "exploitable",
    Status.UNDER_INVESTIGATION: "in_triage",
    Status.NOT_AFFECTED: "not_affected",
    Status.FIXED: "resolved",
}
"""What CycloneDX calls the states."""
JUSTIFICATIONS: Final = {
    "component_not_present": "code_not_present",
    "vulnerable_code_not_present": "code_not_present",
    "vulnerable_code_not_in_execute_path": "code_not_reachable",
    "inline_mitigations_already_exist": "protected_by_mitigating_control",
}
"""The same of the justifications that it has a word for."""
_ALGORITHMS: Final = {
    "md5": ("MD5", 32),
    "sha1": ("SHA-1", 40),
    "sha256": ("SHA-256", 64),
    "sha384": ("SHA-384", 96),
    "sha512": ("SHA-512", 128),
}
_METHODS: Final = (
    ("CVSS:3.1/", "CVSSv31"),
    ("CVSS:3.0/", "CVSSv3"),
    ("CVSS:4.0/", "CVSSv4"),
)
MOST_OF_A_VERSION: Final = 1024
"""Characters, by the schema."""
_HEX: Final = frozenset("0123456789abcdefABCDEF")


def sbom(bill: Bill) -> str:
    """Components, what brings which, and what is said of their weaknesses."""
    components = [_component(component) for component in bill.components]
    return _document(bill, "cyclonedx", components, list(_dependencies(bill)))


def vex(bill: Bill) -> str:
    """What is said of weaknesses, with the components that these are about."""
    hit = {judged.purl for judged in bill.judged}
    components = [_component(c) for c in bill.components if c.purl in hit]
    return _document(bill, "cyclonedx-vex", components, [])


def _document(
    bill: Bill, kind: str, components: list[dict[str, Any]], dependencies: list[dict[str, Any]]
) -> str:
    root = writing.without_empty(
        {
            "type": "application",
            "bom-ref": bill.application.purl,
            "name": writing.text(bill.application.name),
            "version": writing.text(bill.application.version)[:MOST_OF_A_VERSION],
            "purl": bill.application.purl,
        }
    )
    tool = {"type": "application", "name": "buckler", "version": __version__}
    content = {
        "metadata": {
            "timestamp": writing.moment(bill.made),
            "tools": {"components": [tool]},
            "component": root,
        },
        "components": components,
        "dependencies": dependencies,
        "vulnerabilities": [_vulnerability(judged) for judged in bill.judged],
    }
    head = {"$schema": SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.6"}
    number = f"urn:uuid:{writing.identity(kind, content)}"
    if not dependencies:
        del content["dependencies"]
    return writing.document({**head, "serialNumber": number, "version": 1, **content})


def _component(component: Component) -> dict[str, Any]:
    scope = "required" if component.in_production else "excluded"
    if component.in_production and "main" not in component.groups:
        scope = "optional"
    digests = list(digests_of(component.hashes))
    properties = [("buckler:source", component.source)] if component.source != "index" else []
    properties += [("buckler:group", group) for group in component.groups if group != "main"]
    properties += [("buckler:path", path) for path in component.paths]
    return writing.without_empty(
        {
            "type": "library",
            "bom-ref": component.purl,
            "name": writing.text(component.name),
            "version": writing.text(component.version)[:MOST_OF_A_VERSION],
            "scope": scope,
            "hashes": digests if len(digests) == 1 else [],
            "licenses": choice(component.licence),
            "purl": component.purl,
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": component.purl,
                    "comment": "one of the files that may be installed",
                    "hashes": [digest],
                }
                for digest in (digests if len(digests) > 1 else ())
            ],
            "properties": [_property(name, value) for name, value in properties],
        }
    )


def digests_of(hashes: Iterable[str]) -> Iterator[dict[str, str]]:
    """The digests that are well formed, as CycloneDX has them."""
    for item in hashes:
        algorithm, _, digest = item.partition(":")
        name, length = _ALGORITHMS.get(algorithm.lower(), ("", 0))
        if name and len(digest) == length and _HEX.issuperset(digest):
            yield {"alg": name, "content": digest.lower()}


def _dependencies(bill: Bill) -> Iterator[dict[str, Any]]:
    yield {"ref": bill.application.purl, "dependsOn": list(bill.wanted)}
    for component in bill.components:
        # One that is listed without any needs nothing; of one that is not listed it is not known.
        if component.told:
            others = [ref for ref in component.requires if ref != component.purl]
            yield {"ref": component.purl, **({"dependsOn": others} if others else {})}


def _property(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": writing.text(value)}


def _vulnerability(judged: Judged) -> dict[str, Any]:
    weakness = judged.weakness
    first = weakness.advisories[0]
    others = [name for name in weakness.names if name != weakness.name]
    reach = judged.seen.reach_of(weakness)
    known = {
        "buckler:reach": reach.level.value,
        "buckler:way": way(reach),
        "buckler:derived": "true" if judged.state.derived else "",
        "buckler:exploited-since": weakness.exploited,
        "buckler:epss": f"{weakness.likelihood:g}" if weakness.likelihood is not None else "",
    }
    return writing.without_empty(
        {
            "bom-ref": f"{judged.purl}#{writing.text(weakness.name)}",
            "id": writing.text(weakness.name),
            "source": _source(weakness.name),
            "references": [{"id": writing.text(name), "source": _source(name)} for name in others],
            "ratings": _ratings(judged),
            "cwes": sorted({n for a in weakness.advisories for n in a.cwe if n > 0}),
            "description": writing.text(weakness.summary),
            "recommendation": writing.text(judged.state.action),
            "advisories": _advisories(weakness.advisories),
            "published": writing.moment_of(first.published),
            "updated": writing.moment_of(first.modified),
            "analysis": _analysis(judged.state),
            "affects": [{"ref": judged.purl}],
            "properties": [_property(name, value) for name, value in known.items() if value],
        }
    )


def _source(name: str) -> dict[str, str]:
    """Who gives names of this kind."""
    kind = name.partition("-")[0]
    known = {"CVE": "NVD", "GHSA": "GitHub", "PYSEC": "PyPA", "MAL": "OpenSSF"}
    return {"name": known.get(kind, "OSV")}


def _advisories(records: Iterable[Advisory]) -> list[dict[str, str]]:
    found = (writing.address(reference) for record in records for reference in record.references)
    return [{"url": url} for url in dict.fromkeys(found) if url]


def _ratings(judged: Judged) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for advisory in judged.weakness.advisories:
        vector = writing.text(advisory.vector)
        method = next((name for start, name in _METHODS if vector.startswith(start)), "")
        rating = writing.without_empty(
            {
                "source": _source(advisory.id),
                "score": advisory.score,
                "severity": advisory.severity.value if advisory.severity else "",
                "method": method,
                "vector": vector,
            }
        )
        if len(rating) > 1 and rating not in made:
            made.append(rating)
    return made


def _analysis(state: State) -> dict[str, Any]:
    detail = " ".join(part for part in (state.impact, state.notes) if part)
    word = JUSTIFICATIONS.get(state.justification, "")
    if state.justification and not word:
        detail = f"{state.justification}. {detail}".strip()
    return writing.without_empty(
        {
            "state": STATES[state.status],
            "justification": word if state.status is Status.NOT_AFFECTED else "",
            "response": ["update"] if state.action.startswith("Upgrade ") else [],
            "detail": writing.text(detail),
        }
    )
