"""Numbers of BSON: which type a calculation gives, and decimal numbers (IEEE 754-2008)."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from buckler.scan.engines.app.servers.standin.mongo_bson import Decimal128, Int64, fits

Number: TypeAlias = int | float | Decimal
BIAS = 6176
DIGITS = 34
_CONTEXT = decimal.Context(
    prec=DIGITS, Emin=-6143, Emax=6144, traps=[], rounding=decimal.ROUND_HALF_EVEN
)


def decimal_of(value: Decimal128) -> Decimal:
    """The number in the sixteen bytes (binary integer significand)."""
    bits = int.from_bytes(value.raw, "little")
    sign, top = bits >> 127, bits >> 122 & 0x1F
    if top == 0x1F:
        return Decimal("NaN")
    if top == 0x1E:
        return Decimal("-Infinity" if sign else "Infinity")
    exponent, digits = (bits >> 113 & 0x3FFF) - BIAS, bits & (1 << 113) - 1
    if top >= 0x18:
        # Such a significand has more digits than are allowed: it counts as zero.
        exponent, digits = (bits >> 111 & 0x3FFF) - BIAS, 0
    if digits >= 10**DIGITS:
        digits = 0
    return Decimal((sign, tuple(map(int, str(digits))), exponent))


def decimal_from(number: Decimal) -> Decimal128:
    """The sixteen bytes of a number, rounded to 34 digits."""
    number = _CONTEXT.create_decimal(number)
    sign, digits, exponent = number.as_tuple()
    if exponent in ("n", "N"):
        bits = 0x1F << 122
    elif exponent == "F":
        bits = sign << 127 | 0x1E << 122
    else:
        power = int(exponent)
        whole = int("".join(map(str, digits)) or "0")
        while power > 6111:
            whole, power = whole * 10, power - 1
        bits = sign << 127 | (power + BIAS) << 113 | whole
    return Decimal128(bits.to_bytes(16, "little"))


def is_number(value: Any) -> bool:
    """Whether it is of any type of numbers."""
    return isinstance(value, int | float | Decimal128) and not isinstance(value, bool)


def plain(value: Any) -> Number:
    """The number as Python calculates with it."""
    if isinstance(value, Decimal128):
        return decimal_of(value)
    return int(value) if isinstance(value, int) else float(value)


def calculated(work: Callable[..., Number], *operands: Any) -> Any:
    """The result of a calculation, in the widest type of its operands.

    Args:
        work: Gets numbers of one kind, so that decimal and binary ones are never mixed.
        operands: Values for which :func:`is_number` holds.
    """
    numbers = [plain(operand) for operand in operands]
    if any(isinstance(number, Decimal) for number in numbers):
        numbers = [n if isinstance(n, Decimal) else Decimal(repr(n)) for n in numbers]
        with decimal.localcontext(_CONTEXT):
            return decimal_from(Decimal(work(*numbers)))
    if any(isinstance(number, float) for number in numbers):
        try:
            return float(work(*map(float, numbers)))
        except OverflowError:
            return float("inf")
    long = any(isinstance(operand, Int64) for operand in operands)
    return narrowed(work(*numbers), long=long)


def narrowed(number: Number, *, long: bool = False) -> Any:
    """A result in the type that holds it: 32 bits, 64 bits, or floating point."""
    if isinstance(number, int):
        if not fits(number, 64):
            return float(number)
        return number if fits(number, 32) and not long else Int64(number)
    return decimal_from(number) if isinstance(number, Decimal) else number
