"""The bill of materials as SPDX 2.3, in JSON.

Written here: spdx-tools brings nine packages, rdflib among them, into an installation for what is one table; the tests
check it with that library.
Source: SPDX specification 2.3 (its 2.2.1 is ISO/IEC 5962:2021).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from buckler.scan.engines.packages.documents import writing
from buckler.scan.engines.packages.documents.bill import Application, Bill, Component, Judged
from buckler.scan.engines.packages.documents.cyclonedx import digests_of
from buckler.scan.engines.packages.documents.licences import expression

NOTHING: Final = "NOASSERTION"
DOCUMENT: Final = "SPDXRef-DOCUMENT"


def sbom(bill: Bill) -> str:
    """Packages, and what depends on which."""
    known: dict[str, list[Judged]] = {}
    for judged in bill.judged:
        known.setdefault(judged.purl, []).append(judged)
    packages = [_application(bill.application)]
    packages += [_package(c, known.get(c.purl, ())) for c in bill.components]
    content = {
        "creationInfo": {
            "created": writing.moment(bill.made),
            "creators": [f"Tool: {writing.TOOL.replace(' ', '-')}"],
        },
        "packages": packages,
        "relationships": list(_relationships(bill)),
    }
    head = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": writing.text(bill.application.name),
        "documentNamespace": f"urn:uuid:{writing.identity('spdx', content)}",
    }
    return writing.document({**head, **content})


def reference(purl: str) -> str:
    """The identifier of a package: letters, digits, dots and hyphens only, so a digest of its package URL."""
    return f"SPDXRef-Package-{hashlib.sha256(purl.encode()).hexdigest()[:24]}"


def _application(application: Application) -> dict[str, Any]:
    return writing.without_empty(
        {
            **_common(application.purl, application.name, application.version),
            "primaryPackagePurpose": "APPLICATION",
        }
    )


def _package(component: Component, judged: Iterable[Judged]) -> dict[str, Any]:
    digests = list(digests_of(component.hashes))
    made = _common(component.purl, component.name, component.version)
    made["externalRefs"] += [
        {"referenceCategory": "SECURITY", "referenceType": "advisory", "referenceLocator": url}
        for url in dict.fromkeys(_addresses(judged))
    ]
    licence = component.licence.strip()
    declared = expression(licence)
    several = "May be installed as any of: "
    return writing.without_empty(
        {
            **made,
            "licenseDeclared": declared or NOTHING,
            "licenseComments": writing.text(f"Its metadata say: {licence}")
            if licence and not declared
            else "",
            "checksums": [_checksum(digest) for digest in digests] if len(digests) == 1 else [],
            "comment": several + ", ".join(f"{d['alg']} {d['content']}" for d in digests)
            if len(digests) > 1
            else "",
            "primaryPackagePurpose": "LIBRARY",
        }
    )


def _common(purl: str, name: str, version: str) -> dict[str, Any]:
    return {
        "SPDXID": reference(purl),
        "name": writing.text(name),
        "versionInfo": writing.text(version),
        "downloadLocation": NOTHING,
        "filesAnalyzed": False,
        "licenseConcluded": NOTHING,
        "licenseDeclared": NOTHING,
        "copyrightText": NOTHING,
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl,
            }
        ],
    }


def _checksum(digest: dict[str, str]) -> dict[str, str]:
    return {"algorithm": digest["alg"].replace("SHA-", "SHA"), "checksumValue": digest["content"]}


def _addresses(judged: Iterable[Judged]) -> Iterator[str]:
    for one in judged:
        for advisory in one.weakness.advisories:
            yield from filter(None, map(writing.address, advisory.references))


def _relationships(bill: Bill) -> Iterator[dict[str, str]]:
    root = reference(bill.application.purl)
    yield _relationship(DOCUMENT, "DESCRIBES", root)
    for component in bill.components:
        if component.direct and component.in_production:
            yield _relationship(root, "DEPENDS_ON", reference(component.purl))
        elif component.direct:
            yield _relationship(reference(component.purl), "DEV_DEPENDENCY_OF", root)
    for component in bill.components:
        for brought in component.requires:
            if brought != component.purl:
                yield _relationship(reference(component.purl), "DEPENDS_ON", reference(brought))


def _relationship(one: str, kind: str, other: str) -> dict[str, str]:
    return {
        "spdxElementId": one,
        "relationshipType": kind,
        "relatedSpdxElement": other,
    }
