"""Every exception of Buckler, as one tree.

Each carries a stable ``code`` for programs, an exit code for the command line, and a hint
that tells the user what to do next. The hint is a note of the exception, too (PEP 678): whoever meets
the error as a traceback reads it there; the command line prints message and hint alone.
"""

from __future__ import annotations


class BucklerError(Exception):
    """The root. ``exit_code`` 3 means that Buckler itself failed."""

    code = "buckler.error"
    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")


class UsageError(BucklerError):
    """The command or a setting is wrong; the user can put it right."""

    code = "usage"
    exit_code = 2


class SettingsError(UsageError):
    """``[tool.buckler]`` cannot be read or holds something unknown."""

    code = "settings"


class RuleError(BucklerError):
    """A rule is not well formed: an id used twice, a heading that is missing."""

    code = "rule"


class TargetError(BucklerError):
    """The target holds nothing that can be looked at."""

    code = "target"
    exit_code = 2


class ApplicationError(BucklerError):
    """The application was found but does not run; counts as reached too little."""

    code = "application"
    exit_code = 4


class AgentError(BucklerError):
    """The child that runs the application stopped answering."""

    code = "agent"
    exit_code = 4


class UnreadableFile(BucklerError):
    """A file of a project that must not or cannot be read, e.g. a link that leads out of it."""

    code = "file"
    exit_code = 2


class BaselineError(UsageError):
    """A baseline file cannot be read."""

    code = "baseline"


class RepairError(BucklerError):
    """A fixer made a repair that cannot be applied, e.g. two edits of the same text."""

    code = "repair"


class UnreadableText(RepairError):
    """A text is put together in a way that a fixer does not understand; the finding is for a person."""

    code = "repair.text"

    def __init__(self, message: str = "the text is put together in an unknown way") -> None:
        super().__init__(message, hint="`buckler rule ID` says how to do it by hand")


class ApplyError(BucklerError):
    """A repair could not be written; every file is as it was."""

    code = "apply"
    exit_code = 2


class AdvisoryError(BucklerError):
    """Advisories cannot be read, fetched or kept; the index is as it was."""

    code = "advisories"
    exit_code = 2


class SiteError(BucklerError):
    """A running site does not answer; counts as reached too little."""

    code = "site"
    exit_code = 4
