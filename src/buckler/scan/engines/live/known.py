"""What is known of a site: the material of its model."""

from __future__ import annotations

from dataclasses import dataclass, field

from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.live.site import Site
from buckler.scan.model.application import AppModel, Operation


@dataclass(slots=True)
class Known:
    """What was found out.

    Attributes:
        operations: By key; those of the document first.
        docs: Exchanges in which documentation was given to anybody.
        visited: Exchanges of pages that were asked for.
        files: Paths of files that pages name.
        document: Path of the OpenAPI document; empty where there is none.
    """

    title: str = ""
    operations: dict[str, Operation] = field(default_factory=dict)
    docs: list[Exchange] = field(default_factory=list)
    visited: list[Exchange] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    document: str = ""

    def model(self, site: Site, public: tuple[str, ...]) -> AppModel:
        """The application as far as a site shows it.

        Args:
            site: Its address.
            public: Operations that the settings declare public.
        """
        return AppModel(
            title=self.title or site.netloc,
            python="",
            versions={},
            operations=tuple(self.operations.values()),
            docs=tuple(dict.fromkeys(e.request.path for e in self.docs)),
            public=public,
        )
