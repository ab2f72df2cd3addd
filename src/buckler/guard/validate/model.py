"""A base for models of what comes in (CWE-915, CWE-770, CWE-209; ASVS 5.0 V15.3.3, V2.2.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

MOST_CHARACTERS: Final = 10_000


class StrictModel(BaseModel):
    """Takes the fields it declares and no other; texts are bounded, numbers finite, values not shown.

    A text of a field has up to 10,000 characters unless the field says otherwise
    (``Field(max_length=...)``). Errors and ``repr`` show names, never values. Pydantic's errors keep the
    value in ``input`` all the same: :class:`~buckler.guard.ProblemDetails` does not answer with it.
    """

    model_config = ConfigDict(
        extra="forbid",
        str_max_length=MOST_CHARACTERS,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        validate_default=True,
        validate_assignment=True,
        use_attribute_docstrings=False,
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Names of the fields that are set, without values."""
        return [
            (None, _Shown(name))
            for name in type(self).model_fields
            if name in self.model_fields_set
        ]


class _Shown(str):
    """A name that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{self!s}=…"
