"""Numbers with bounds: amounts of money, pages (CWE-20, CWE-770, CWE-1284; ASVS 5.0 V2.2.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from buckler.guard.options import GuardError, count
from buckler.guard.validate.marker import refusal

MOST_PAGES: Final = 10_000
MOST_ROWS: Final = 100


class Amount:
    """Bounds of an amount: ``Annotated[Decimal, Amount(minimum="0.01", maximum=500)]``.

    Written out in ASCII digits: no exponent, no NaN, no infinity, no spaces or underscores. A JSON number
    is taken where it is written as short as that; a text is exact in every case.

    Args:
        minimum: The least; 0 unless told otherwise.
        maximum: The most.
        digits: All digits together.
        places: Of them behind the point.

    Raises:
        GuardError: A bound is none.
    """

    __slots__ = ("_form", "digits", "maximum", "minimum", "pattern", "places")

    def __init__(
        self,
        *,
        minimum: Decimal | int | str = 0,
        maximum: Decimal | int | str | None = None,
        digits: int = 12,
        places: int = 2,
    ) -> None:
        self.digits = count(digits, "digits")
        if isinstance(places, bool) or not isinstance(places, int) or not 0 <= places < digits:
            raise GuardError("places must be a whole number below digits")
        self.places = places
        whole = digits - places
        most = Decimal(10) ** whole - Decimal(10) ** -places
        self.minimum = _bound(minimum, "minimum")
        self.maximum = most if maximum is None else _bound(maximum, "maximum")
        if self.minimum > self.maximum:
            raise GuardError("minimum must not be above maximum")
        behind = rf"(\.[0-9]{{1,{places}}})?" if places else ""
        self.pattern = rf"^-?[0-9]{{1,{whole}}}{behind}$"
        self._form = re.compile(self.pattern[1:-1])

    def check(self, value: Any) -> Decimal:
        """The amount.

        Raises:
            PydanticCustomError: It is refused.
        """
        if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
            raise refusal("amount", "is no amount")
        if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) < 100):
            raise refusal("amount", "is no amount")
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        if isinstance(value, float) and text.endswith(".0"):
            text = text[:-2]
        if not self._form.fullmatch(text):
            raise refusal(
                "amount",
                f"is no plain number of up to {self.digits} digits, {self.places} behind the point",
            )
        amount = Decimal(text)
        if not self.minimum <= amount <= self.maximum:
            raise refusal("amount", f"is not between {self.minimum} and {self.maximum}")
        return abs(amount) if amount == 0 else amount

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """See Pydantic."""
        return core_schema.no_info_plain_validator_function(
            self.check,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: format(value, "f") if isinstance(value, Decimal) else str(value),
                return_schema=core_schema.str_schema(),
                when_used="json",
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """See Pydantic."""
        text = {"type": "string", "pattern": self.pattern}
        if handler.mode == "serialization":
            return text
        number = {
            "type": "number",
            "minimum": float(self.minimum),
            "maximum": float(self.maximum),
        }
        return {"anyOf": [text, number]}


def _bound(value: Decimal | int | str, name: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise GuardError(f"{name} must be a whole number, a text such as '0.01' or a Decimal")
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", str(value)):
        raise GuardError(f"{name}: {value!r} is no plain number")
    return Decimal(value)


Money = Annotated[Decimal, Amount()]
"""From 0 to 9,999,999,999.99."""
Page = Annotated[int, Field(ge=1, le=MOST_PAGES)]
"""Number of a page, from 1 to 10,000."""
PageSize = Annotated[int, Field(ge=1, le=MOST_ROWS)]
"""Rows of a page, from 1 to 100; another bound is ``Annotated[int, Field(ge=1, le=500)]``."""
