"""Patterns whose time grows with the square of the text, told by counting the steps of a matcher that tries all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buckler.scan.languages.regex_polynomial import is_polynomial

Atom = tuple[str, str]
LETTERS = "ab"


def steps(atoms: list[Atom], text: str, *, anywhere: bool) -> int:
    """How many comparisons a backtracking matcher makes of ``atoms`` and an end of the text."""
    count = 0

    def rest(number: int, at: int) -> bool:
        nonlocal count
        count += 1
        if number == len(atoms):
            return at == len(text)
        letters, how = atoms[number]
        ends = [at]
        while (how in "+*" or len(ends) == 1) and ends[-1] < len(text):
            count += 1
            if text[ends[-1]] not in letters:
                break
            ends.append(ends[-1] + 1)
        least = 0 if how == "*" else 1
        return any(rest(number + 1, end) for end in reversed(ends[least:]))

    for start in range(len(text) + 1 if anywhere else 1):
        if rest(0, start):
            break
    return count


def grows(atoms: list[Atom], *, anywhere: bool) -> bool:
    """Whether twice the text takes about four times the steps, or more."""
    for pump in ("a", "b", "ab", "ba"):
        for begin in ("", "a", "b", "aa", "ab", "ba", "bb"):
            few, many = (steps(atoms, begin + pump * n + "!", anywhere=anywhere) for n in (24, 48))
            if many > 3.2 * few:
                return True
    return False


def written(atoms: list[Atom], *, anywhere: bool) -> str:
    body = "".join(f"[{letters}]{how if how != '1' else ''}" for letters, how in atoms)
    return ("" if anywhere else "^") + body + "$"


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "ab"]), st.sampled_from(["1", "+", "*"])),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_it_agrees_with_a_count_of_steps(atoms: list[Atom], anywhere: bool) -> None:
    pattern = written(atoms, anywhere=anywhere)
    assert is_polynomial(pattern, anywhere=anywhere) == grows(atoms, anywhere=anywhere), pattern


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+$",
        r"<.*?>",
        r"(?<=a)a+b",
        r"(?<![0-9])0+b",
        r"\d+-\d+",
        r"^(.*),(.*)$",
        r"^\s*(.*?)\s*$",
    ],
)
def test_known_quadratic_patterns(pattern: str) -> None:
    assert is_polynomial(pattern, anywhere=True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w+",
        r'"[^"]*"',
        r"^\s+",
        r"(?<=&#)0+(?=[0-9])",
        r"(?:(?<=x)|(?<=y))0+b",
        r"\A\d+x$",
        r"[a-z]+(?:-[a-z]+)*",
        r"^[^@]+@[^@]+$",
        r"^\w+(?:\s\w+)*$",
        "(",
    ],
)
def test_known_linear_patterns(pattern: str) -> None:
    assert not is_polynomial(pattern, anywhere=True)
