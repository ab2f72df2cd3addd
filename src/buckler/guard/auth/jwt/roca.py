"""Moduli whose primes were made by a faulty library and can be factored (CVE-2017-15361, "ROCA"; CWE-1240).

Primes of that library are ``k * M + (65537 ** a mod M)``, with M the product of the first primes. A modulus of two
such primes therefore is a power of 65537 modulo each of those, which of others one in some hundred million is
(Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack, ACM CCS 2017, section 2.3).
"""

from __future__ import annotations

from typing import Final

_GENERATOR: Final = 65537
_HIGHEST: Final = 167
"""The 39th prime: M of the smallest keys of the library; that of larger ones is a multiple of it."""


def _primes() -> list[int]:
    return [n for n in range(3, _HIGHEST + 1) if all(n % d for d in range(2, n))]


def _powers(prime: int) -> frozenset[int]:
    found, power = set(), 1
    while power not in found:
        found.add(power)
        power = power * _GENERATOR % prime
    return frozenset(found)


SUBGROUPS: Final = tuple(
    (prime, powers) for prime in _primes() if len(powers := _powers(prime)) < prime - 1
)
"""Primes of which 65537 does not reach every remainder, with those it reaches."""


def is_roca(modulus: int) -> bool:
    """Whether a modulus has the form of that library's."""
    return all(modulus % prime in powers for prime, powers in SUBGROUPS)
