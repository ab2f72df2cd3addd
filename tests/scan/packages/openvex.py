"""What OpenVEX 0.2.0 asks of a document, written from its specification."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from packageurl import PackageURL

DOCUMENT = {
    "@context": str,
    "@id": str,
    "author": str,
    "role": str,
    "timestamp": str,
    "version": int,
    "tooling": str,
    "statements": list,
}
STATEMENT = {
    "vulnerability": dict,
    "timestamp": str,
    "products": list,
    "status": str,
    "status_notes": str,
    "justification": str,
    "impact_statement": str,
    "action_statement": str,
}
COMPONENT = {"@id": str, "identifiers": dict, "subcomponents": list}
STATUSES = {"not_affected", "affected", "fixed", "under_investigation"}
JUSTIFICATIONS = {
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
}


def errors(document: Any) -> list[str]:
    """What breaks the specification."""
    found = _fields("document", document, DOCUMENT, set(DOCUMENT) - {"role", "tooling"})
    if document.get("@context") != "https://openvex.dev/ns/v0.2.0":
        found.append("@context")
    if datetime.fromisoformat(document["timestamp"]).tzinfo is None:
        found.append("timestamp without an offset")
    if document["version"] < 1:
        found.append("version")
    for statement in document["statements"]:
        found += _statement(statement)
    return found


def _statement(said: dict[str, Any]) -> list[str]:
    found = _fields("statement", said, STATEMENT, {"vulnerability", "products", "status"})
    found += _fields(
        "vulnerability",
        said["vulnerability"],
        {"name": str, "description": str, "aliases": list},
        {"name"},
    )
    aliases = said["vulnerability"].get("aliases", [])
    if len(set(aliases)) < len(aliases):
        found.append("aliases twice")
    if said["status"] not in STATUSES:
        found.append("status")
    refused = said["status"] == "not_affected"
    if refused and ("justification" in said) == ("impact_statement" in said):
        found.append("not_affected with one of justification and impact_statement")
    if not refused and "justification" in said:
        found.append("justification of what is affected")
    if said.get("justification", "component_not_present") not in JUSTIFICATIONS:
        found.append("justification")
    if said["status"] == "affected" and not said.get("action_statement"):
        found.append("affected without action_statement")
    if not said["products"]:
        found.append("no product")
    for product in said["products"]:
        found += _component(product)
        for part in product.get("subcomponents", []):
            found += _component(part)
            if "subcomponents" in part:
                found.append("subcomponents of a subcomponent")
    return found


def _component(component: dict[str, Any]) -> list[str]:
    PackageURL.from_string(component["identifiers"]["purl"])
    return _fields("component", component, COMPONENT, {"@id"})


def _fields(
    what: str, value: dict[str, Any], known: dict[str, type], wanted: set[str]
) -> list[str]:
    found = [f"{what} lacks {name}" for name in wanted - set(value)]
    for name, item in value.items():
        if not isinstance(item, known.get(name, ())) or item in ("", [], {}):
            if not (name == "statements" and item == []):
                found.append(f"{what}: {name}")
    return found
