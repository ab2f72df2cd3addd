"""Parameters of a request, read once: each at most one time, each within bounds.

Threat: a parameter that comes twice is read differently by two readers (RFC 6749, 3.1 and 3.2; CWE-235), and one
that has no bound fills logs, stores and redirect addresses (CWE-770).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar, overload
from urllib.parse import parse_qsl

from buckler.guard.auth.oauth.errors import OAuthError

T = TypeVar("T")
LONGEST: Final = 2_048
"""Characters of a value."""
LONGEST_TOKEN: Final = 8_192
"""Characters of a value that is a signed token."""
MOST: Final = 60
REPEATABLE: Final = frozenset(("resource", "audience"))
"""May come several times (RFC 8707, 2; RFC 8693, 2.1)."""
_TOKENS: Final = frozenset(
    (
        *("assertion", "client_assertion", "id_token_hint", "request", "subject_token"),
        *("actor_token", "token", "refresh_token", "logout_token"),
    )
)
_FREE: Final = frozenset(("password", "username"))
"""May hold what no line of a header may: a password is what its owner typed."""


class Parameters(Mapping[str, str]):
    """The parameters of one request; one without a value is not there (RFC 6749, 3.1).

    Args:
        pairs: In the order in which they came.

    Raises:
        OAuthError: ``invalid_request``: one came twice, is too long, or holds a control character.
    """

    __slots__ = ("_several", "_single")

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._single: dict[str, str] = {}
        self._several: dict[str, tuple[str, ...]] = {}
        seen: set[str] = set()
        for number, (name, value) in enumerate(pairs):
            if number >= MOST:
                raise OAuthError("invalid_request", "too many parameters", reason="oversize")
            if len(value) > (LONGEST_TOKEN if name in _TOKENS else LONGEST):
                raise OAuthError("invalid_request", "a parameter is too long", reason="oversize")
            if name not in _FREE and not value.isprintable():
                raise OAuthError(
                    "invalid_request", "a parameter holds a control character", reason="characters"
                )
            if name in REPEATABLE:
                if value:
                    self._several[name] = (*self._several.get(name, ()), value)
            elif name in seen:
                raise OAuthError("invalid_request", "a parameter came twice", reason="duplicate")
            seen.add(name)
            if value:
                self._single[name] = value

    def __getitem__(self, name: str) -> str:
        return self._single[name]

    def __contains__(self, name: object) -> bool:
        return name in self._single

    @overload
    def get(self, name: str) -> str | None: ...

    @overload
    def get(self, name: str, default: str | T) -> str | T: ...

    def get(self, name: str, default: Any = None) -> Any:
        """One of them, or the default."""
        # Of Mapping's own each one that is not there costs an error.
        return self._single.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._single)

    def __len__(self) -> int:
        return len(self._single)

    def several(self, name: str) -> tuple[str, ...]:
        """All values of one that may come several times."""
        return self._several.get(name, ())

    def pairs(self) -> list[tuple[str, str]]:
        """All of them, to be kept and read again."""
        several = [(name, one) for name, values in self._several.items() for one in values]
        return [pair for pair in self._single.items() if pair[0] not in self._several] + several

    def need(self, name: str) -> str:
        """One that has to be there.

        Raises:
            OAuthError: ``invalid_request``: it is not.
        """
        found = self._single.get(name)
        if found is None:
            raise OAuthError("invalid_request", f"{name} is missing", reason=f"no_{name}")
        return found


def parse(text: str | bytes) -> Parameters:
    """Parameters in ``application/x-www-form-urlencoded``: a query, or the body of a form.

    Raises:
        OAuthError: ``invalid_request``: it is none, or as of :class:`Parameters`.
    """
    try:
        encoded = text.decode("ascii") if isinstance(text, bytes) else text
        pairs = parse_qsl(
            encoded,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST,
        )
    except ValueError as error:
        raise OAuthError(
            "invalid_request", "the parameters cannot be read", reason="malformed"
        ) from error
    return Parameters(pairs)
