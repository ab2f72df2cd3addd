"""The client's secret of Sign in with Apple: a token that is made anew at each use.

Threat: a secret that counts for half a year and lies in a file (CWE-522): Apple takes up to six months, this one counts
for five minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from buckler.guard.auth.jwt.key import SigningKey
from buckler.guard.auth.oauth.signed import sign_with
from buckler.guard.options import GuardError, instance

ISSUER: Final = "https://appleid.apple.com"
LIFETIME: Final = 300


@dataclass(frozen=True, slots=True)
class AppleSecret:
    """Makes it.

    Attributes:
        client_id: The service's id.
        team_id: Ten characters.
        key: The private key of Apple's ``.p8`` file, whose ``kid`` is the key's id there.

    Raises:
        GuardError: The key is not for ES256.
    """

    client_id: str
    team_id: str
    key: SigningKey = field(repr=False)

    def __post_init__(self) -> None:
        instance(self.key, "key", SigningKey, optional=False)
        if self.key.alg != "ES256" or not self.key.private:
            raise GuardError(
                "Apple takes keys for ES256", hint="SigningKey.from_file('AuthKey.p8', kid='...')"
            )

    def __call__(self, now: float) -> str:
        """The secret as it counts now."""
        claims = {
            "iss": self.team_id,
            "iat": int(now),
            "exp": int(now) + LIFETIME,
            "aud": ISSUER,
            "sub": self.client_id,
        }
        return sign_with(self.key, {"alg": "ES256", "kid": self.key.kid}, claims)
