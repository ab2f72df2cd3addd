"""What people said of weaknesses, in whichever format they wrote it.

A statement closes a finding, so it counts for exactly what it names: this weakness, this product, this version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from buckler.scan.engines.packages.documents.bill import Application
from buckler.scan.engines.packages.documents.purl import GENERIC, PYPI, Named
from buckler.scan.engines.packages.documents.state import Status


@dataclass(frozen=True, slots=True)
class Product:
    """What a statement is about.

    Attributes:
        names: All names of it; empty where none could be understood.
        parts: The parts of it that the statement is about; None for all of it.
    """

    names: tuple[Named, ...]
    parts: tuple[Named, ...] | None = None

    def is_about(self, name: str, version: str, application: Application) -> bool:
        """Whether it is a version of a package, as it stands in an application.

        What is said of a package inside of another product says nothing of it in this one. A product of a kind that
        cannot be compared, such as the name of an image, is taken for the application whose settings name the file.
        """
        if self.parts is not None:
            here = any(part.is_package(name, version) for part in self.parts)
            return here and not self._is_another(application)
        return any(
            named.is_package(name, version) or _is_application(named, application)
            for named in self.names
        )

    def _is_another(self, application: Application) -> bool:
        comparable = [named for named in self.names if named.kind in (PYPI, GENERIC)]
        return (
            application.stated
            and bool(comparable)
            and not any(_is_application(named, application) for named in comparable)
        )


def _is_application(named: Named, application: Application) -> bool:
    return (
        application.stated
        and named.kind in (PYPI, GENERIC)
        and named.name.lower() == application.name
        and (not application.version or named.covers(application.version))
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    Attributes:
        status: What it says.
        vulnerabilities: All names of the weakness, in capitals.
        products: What it is about.
        path: File, relative to the project.
        line: 1-based, where it begins.
        justification: Why the product is not affected, one of ``state.JUSTIFICATIONS``; may be empty.
        why: The same in a sentence; may be empty.
        notes: What else it says.
        action: What to do, where it says so.
        at: When it was made or last looked at; None where it does not say.
        expires: When it ends; None for never.
    """

    status: Status
    vulnerabilities: tuple[str, ...]
    products: tuple[Product, ...]
    path: str
    line: int
    justification: str = ""
    why: str = ""
    notes: str = ""
    action: str = ""
    at: datetime | None = None
    expires: datetime | None = None

    @property
    def place(self) -> str:
        """``security/vex.json:12``."""
        return f"{self.path}:{self.line}" if self.line else self.path

    @property
    def reason(self) -> str:
        """What it says, for a report."""
        texts = [self.justification.replace("_", " "), self.why, self.notes]
        said = "; ".join(text for text in texts if text)
        return f"{self.status.value}, says {self.place}" + (f": {said}" if said else "")


class Malformed(ValueError):
    """A statement that breaks its format, with what is wrong; never leaves the readers."""
