"""What is said of weaknesses, as OpenVEX 0.2.0.

Written here: the format is a page long, and the one library for it on the package index writes no subcomponents.
Source: OpenVEX specification 0.2.0 and its JSON schema.
"""

from __future__ import annotations

from typing import Any, Final

from buckler.scan.engines.packages.documents import writing
from buckler.scan.engines.packages.documents.bill import Bill, Judged
from buckler.scan.engines.packages.documents.state import Status

CONTEXT: Final = "https://openvex.dev/ns/v0.2.0"


def vex(bill: Bill) -> str:
    """One statement for each weakness of each version; the application is the product, the version a part of it."""
    content: dict[str, Any] = {
        "author": "buckler",
        "role": "Scanner",
        "timestamp": writing.moment(bill.made),
        "version": 1,
        "tooling": writing.TOOL,
        "statements": [_statement(judged, bill) for judged in bill.judged],
    }
    number = f"urn:uuid:{writing.identity('openvex', content)}"
    return writing.document({"@context": CONTEXT, "@id": number, **content})


def _statement(judged: Judged, bill: Bill) -> dict[str, Any]:
    weakness, state, root = judged.weakness, judged.state, bill.application.purl
    part = {"@id": judged.purl, "identifiers": {"purl": judged.purl}}
    refused = state.status is Status.NOT_AFFECTED
    # The schema takes one of the two, not both.
    impact = state.impact or state.notes if refused and not state.justification else ""
    spare = state.impact if state.impact != impact else ""
    notes = " ".join(part for part in (spare, state.notes) if part)
    return writing.without_empty(
        {
            "vulnerability": writing.without_empty(
                {
                    "name": writing.text(weakness.name),
                    "description": writing.text(weakness.summary),
                    "aliases": [writing.text(name) for name in dict.fromkeys(weakness.names[1:])],
                }
            ),
            "products": [
                {"@id": root, "identifiers": {"purl": root}, "subcomponents": [part]},
            ],
            "status": state.status.value,
            "status_notes": writing.text(notes),
            "justification": state.justification if refused else "",
            "impact_statement": writing.text(impact),
            "action_statement": writing.text(_action(judged)),
        }
    )


def _action(judged: Judged) -> str:
    state = judged.state
    if state.status is not Status.AFFECTED:
        return ""
    return state.action or "It was not said what to do."
