"""What a stand-in for MongoDB refuses, with the codes of the server's own list (error_codes.yml)."""

from __future__ import annotations

from typing import Any

NAMES = {
    1: "InternalError",
    2: "BadValue",
    9: "FailedToParse",
    13: "Unauthorized",
    14: "TypeMismatch",
    18: "AuthenticationFailed",
    20: "IllegalOperation",
    22: "InvalidBSON",
    26: "NamespaceNotFound",
    27: "IndexNotFound",
    28: "PathNotViable",
    40: "ConflictingUpdateOperators",
    43: "CursorNotFound",
    48: "NamespaceExists",
    52: "DollarPrefixedFieldName",
    59: "CommandNotFound",
    66: "ImmutableField",
    72: "InvalidOptions",
    73: "InvalidNamespace",
    85: "IndexOptionsConflict",
    115: "CommandNotSupported",
    168: "InvalidPipelineOperator",
    241: "ConversionFailure",
    292: "QueryExceededMemoryLimitNoDiskUseAllowed",
    10334: "BSONObjectTooLarge",
    11000: "DuplicateKey",
    14031: "OutOfDiskSpace",
}


class MongoError(Exception):
    """A command is refused.

    Args:
        code: Of the server's list.
        message: For people.
        more: Further fields of the answer.
    """

    def __init__(self, code: int, message: str, more: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.more = more or {}

    def fields(self) -> dict[str, Any]:
        """``code``, ``errmsg`` and what belongs to them, as in a write error."""
        return {"code": self.code, "errmsg": self.message, **self.more}

    def reply(self) -> dict[str, Any]:
        """The whole answer to a command."""
        name = NAMES.get(self.code, f"Location{self.code}")
        return {"ok": 0.0, "errmsg": self.message, "code": self.code, "codeName": name, **self.more}


def bad(message: str) -> MongoError:
    """A value that cannot be, code 2."""
    return MongoError(2, message)


def failed(message: str) -> MongoError:
    """A form that is not understood, code 9."""
    return MongoError(9, message)
