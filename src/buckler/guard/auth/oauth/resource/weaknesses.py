"""What of a server of resources is set weaker than the defaults: told when it is made.

Threat: a choice that was right for one issuer or one worker, and that nobody remembers when there are two (CWE-1188).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from buckler.guard.auth.oauth.resource.interface import Issuer
from buckler.guard.auth.oauth.resource.introspection import IntrospectionIssuer
from buckler.guard.auth.oauth.resource.jwt_issuer import JwtIssuer
from buckler.guard.options import Weakness

IN_MEMORY: Final[Weakness] = (
    "replays_in_memory",
    "this process alone remembers proofs of DPoP, and with several workers one counts in each of them: "
    "write replays=RedisReplays('redis://...'), or replays=stores.oauth.replays",
)


def of_issuers(issuers: Iterable[Issuer]) -> Iterator[Weakness]:
    """What is taken of an issuer that says less than it should."""
    for one in issuers:
        if isinstance(one, JwtIssuer) and one.typ.lower().removeprefix("application/") != "at+jwt":
            yield (
                "access_token_type",
                f"{one.issuer}: typ={one.typ!r} is also that of other tokens, ID tokens among them; leave it out as "
                "soon as the issuer writes at+jwt",
            )
        if isinstance(one, IntrospectionIssuer) and one.audience_if_stated:
            yield (
                "access_token_audience",
                f"{one.issuer}: audience_if_stated=True takes tokens that do not say whom they are for; leave it "
                "out as soon as the issuer says it",
            )
