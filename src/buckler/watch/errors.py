"""What watch refuses, each with a stable code and the status that the interface answers with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from buckler.core.errors import BucklerError, UsageError


class WatchError(BucklerError):
    """The root of watch's own errors."""

    code = "watch"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, hint: str = "") -> None:
        # Parts of what was given are told, and no answer can hold half of a surrogate pair.
        super().__init__(message.encode("utf-8", "replace").decode(), hint=hint)


class MissingError(WatchError):
    """There is none, or it is somebody else's: which of both is told to nobody (CWE-204)."""

    code = "watch.missing"
    exit_code = 2
    status = 404

    def __init__(self, what: str) -> None:
        super().__init__(f"there is no such {what}", hint="look at the list; ids are random")


class RefusedError(WatchError, UsageError):
    """Something that was given is wrong.

    Args:
        message: What, and where: it begins with the name of the field.
        hint: What to give instead.
    """

    code = "watch.refused"
    status = 422


class StaleError(WatchError):
    """Somebody else changed it meanwhile (CWE-362).

    Args:
        what: The kind of thing.
        present: How it is now.
    """

    code = "watch.stale"
    exit_code = 2
    status = 409

    def __init__(self, what: str, present: Mapping[str, Any]) -> None:
        super().__init__(
            f"the {what} was changed meanwhile", hint="look at it again, then repeat the change"
        )
        self.present = dict(present)


class UneditableError(WatchError):
    """Of many things that were to be changed together some could not be, so that none was.

    Args:
        refused: Why, by id.
    """

    code = "watch.uneditable"
    exit_code = 2
    status = 409

    def __init__(self, refused: Mapping[str, WatchError]) -> None:
        super().__init__(
            f"{len(refused)} of them cannot be changed so, and none was",
            hint="look at these again, or leave them out",
        )
        self.refused = dict(refused)


class BusyError(WatchError):
    """Somebody asks for more than their share; later it will be answered.

    Args:
        message: What is too much.
        after: Seconds to wait.
    """

    code = "watch.busy"
    status = 429

    def __init__(self, message: str, after: float) -> None:
        super().__init__(message, hint="send it again later")
        self.after = after


class SupersededError(WatchError):
    """Another worker has taken over, so that what this one found counts no more."""

    code = "watch.superseded"

    def __init__(self) -> None:
        super().__init__("another worker does this scan now", hint="nothing is to be done")


class ScanFailedError(WatchError):
    """A scan has no result: the code could not be brought here, or the scanner was ended."""

    code = "watch.scan_failed"


class OccupiedError(WatchError):
    """Another process has this data folder open."""

    code = "watch.occupied"
    exit_code = 2
