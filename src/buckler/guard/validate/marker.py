"""What the types have in common: a mark in ``Annotated`` that Pydantic asks for checks and documentation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from buckler.guard.options import GuardError, count


class Marker(ABC):
    """A mark for texts: ``Annotated[str, Mark(...)]``.

    Attributes:
        max_length: Characters at most.
        min_length: Characters at least.
    """

    __slots__ = ("max_length", "min_length")

    def __init__(self, min_length: int, max_length: int) -> None:
        self.max_length = count(max_length, "max_length")
        if isinstance(min_length, bool) or not isinstance(min_length, int) or min_length < 0:
            raise GuardError("min_length must be a whole number, 0 or more")
        if min_length > max_length:
            raise GuardError("min_length must not be above max_length")
        self.min_length = min_length

    @abstractmethod
    def check(self, text: str) -> Any:
        """The value that the application gets.

        Raises:
            PydanticCustomError: It is refused.
        """

    def shown(self) -> dict[str, Any]:
        """What the JSON schema says beside the lengths."""
        return {}

    def again(self, value: Any) -> str | None:
        """The text of what :meth:`check` gave where that is no text, e.g. a default; else None."""
        return None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """See Pydantic."""
        text = core_schema.str_schema(min_length=self.min_length, max_length=self.max_length)
        checked = core_schema.no_info_after_validator_function(self._checked, text)
        if source is str:
            return checked
        written = core_schema.plain_serializer_function_ser_schema(self._written, info_arg=True)
        return core_schema.no_info_wrap_validator_function(
            lambda value, inner: inner(self.again(value) or value), checked, serialization=written
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """See Pydantic."""
        return {**handler(schema), **self.shown()}

    def _written(self, value: Any, info: core_schema.SerializationInfo) -> Any:
        return value if info.mode == "python" else self.again(value)

    def _checked(self, text: str) -> Any:
        value = self.check(text)
        if isinstance(value, str) and not self.min_length <= len(value):
            raise refusal("too_short", "is too short")
        return value


def refusal(code: str, message: str) -> PydanticCustomError:
    """An error that says what is wrong without the value.

    Args:
        code: A stable word.
        message: What the text does: ``holds a control character``.
    """
    # Pydantic reads braces as places to fill in.
    return PydanticCustomError(code, message.replace("{", "{{").replace("}", "}}"))
