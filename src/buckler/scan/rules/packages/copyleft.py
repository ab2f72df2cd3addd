"""PKG011: a package whose licence binds the application that uses it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from buckler.core.finding import Confidence, Finding, Location, Proof, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.packages.inventory.environment import KIND
from buckler.scan.engines.packages.inventory.licences import stated_in
from buckler.scan.engines.packages.seen import InventorySeen
from buckler.scan.rules.packages._installed.licences import meant, strong
from buckler.scan.rules.packages.startup_hook import APP, ENVIRONMENT, LIBRARY

LABELS = f"{LIBRARY}/shop_labels-1.4.0.dist-info/METADATA"
HEAD = "Metadata-Version: 2.4\nName: shop-labels\nVersion: 1.4.0\n"
_ASKS: Final = (
    (("AGPL", "SSPL", "OSL", "EUPL", "RPL", "CPAL"), "asks those who offer a service for its source"),
    (("GPL",), "asks those who pass the application on, in an image too, for its source"),
    (("BUSL", "ELASTIC", "POLYFORM"), "does not allow every use in production"),
)  # fmt: skip


class CopyleftLicence(Rule):
    """A package's licence asks for the source of the whole application, or forbids some uses of it.

    ## What it is
    Its metadata state the AGPL, GPL, SSPL, EUPL, BUSL or one of their kind, without a choice of another licence.
    What binds the package alone, as the LGPL and the MPL do, is not told.

    ## Why it matters
    Offering the application, or passing on its image, without what the licence asks for is a breach; whoever finds
    out decides when it costs you. It is no weakness by itself, so the finding is a note.

    ## How to fix
    Take another package; buy the licence that its owners often sell beside it; or do what it asks for, and write
    ``licences-allowed = ["AGPL-3.0-only"]`` into ``[tool.buckler]``.

    ## How to check
    ``License-Expression`` in the METADATA of the package, and its LICENSE file: the metadata may be wrong.

    ## Roll-out
    Ask whoever answers for licences where you are.

    ## References
    CWE-1357; OWASP A03:2025; ASVS 5.0 V15.1.2; PEP 639, SPDX 2.3 annex D.
    """

    id = "PKG011"
    name = "copyleft-licence"
    title = "Package with a licence that binds the application"
    severity = Severity.INFO
    cwe = (1357,)
    owasp = ("A03:2025",)
    asvs = ("V15.1.2",)
    fix = Fix(
        "take another package, or allow the licence",
        before="",
        after='[tool.buckler]\nlicences-allowed = ["AGPL-3.0-only"]',
    )
    bad = (
        Example(
            APP, files={**ENVIRONMENT, LABELS: HEAD + "License-Expression: MIT AND AGPL-3.0-only\n"}
        ),
        Example(
            APP,
            files={
                **ENVIRONMENT,
                LABELS: HEAD
                + "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)\n",
            },
        ),
        Example(APP, files={**ENVIRONMENT, LABELS: HEAD + "License: AGPLv3+\n"}),
    )
    good = (
        Example(
            APP, files={**ENVIRONMENT, LABELS: HEAD + "License-Expression: MIT OR GPL-2.0-only\n"}
        ),
        Example(
            APP,
            files={**ENVIRONMENT, LABELS: HEAD + "License-Expression: LGPL-3.0-or-later\n"},
        ),
        Example(
            APP,
            files={**ENVIRONMENT, LABELS: HEAD + "License-Expression: AGPL-3.0-only\n"},
            settings='licences-allowed = ["agpl-3.0-only"]',
        ),
    )

    def check_inventory(self, seen: InventorySeen) -> Iterable[Finding]:
        """One finding for each installed distribution with such a licence."""
        if seen.inventory.kind != KIND:
            return
        taken = {name.lower() for name in seen.licences}
        for package in seen.inventory.packages:
            file = seen.folder / package.path
            if not package.in_production or file.name != "METADATA":
                continue
            expression = meant(stated_in(file, seen.root))
            licence = strong(expression, lambda name: name.lower() in taken)
            if licence:
                yield self.found(
                    f"{package.name} is under {licence}, which {_asks(licence)}.",
                    confidence=Confidence.OBSERVED,
                    location=Location(package.path),
                    proof=(Proof("setting", {"name": "licence", "value": expression[:300]}),),
                    anchor=package.name,
                    subject=package.name,
                )


def _asks(licence: str) -> str:
    upper = licence.upper()
    return next((text for starts, text in _ASKS if upper.startswith(starts)), "binds its users")
