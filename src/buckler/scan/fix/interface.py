"""The port between ``buckler fix`` and the rules that can repair what they found."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from buckler.core.finding import Finding
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair


@runtime_checkable
class Fixes(Protocol):
    """Repairs what the rule found."""

    id: str

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The repair of one finding; None where only a person can do it.

        The draft is of the file of the finding, opened anew for each one. It is called only where the finding
        has a path and a file stands there.
        """
        ...
