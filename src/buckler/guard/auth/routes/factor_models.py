"""What the routes of second factors take and answer. Every text is bounded.

Browsers may say more of a passkey with each version of the standard: what is not read is left out, not refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from buckler.guard.auth.mfa.passkeys import LONGEST_NAME
from buckler.guard.auth.mfa.webauthn_response import LONGEST, LONGEST_ID, MOST_TRANSPORTS
from buckler.guard.auth.routes.models import Token
from buckler.guard.validate.model import StrictModel
from buckler.guard.validate.text import Text

PasskeyId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Part = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Code = Annotated[str, Field(min_length=1, max_length=64)]
PasskeyName = Annotated[str, Text(min_length=1, max_length=LONGEST_NAME, lines=False)]


class Lenient(StrictModel):
    """What a browser makes: bounded, and what is not known is left out."""

    model_config = ConfigDict(extra="ignore")


class Attested(Lenient):
    """``AuthenticatorAttestationResponseJSON`` (WebAuthn Level 3, 5.1)."""

    client_data: Part = Field(alias="clientDataJSON")
    attestation: Part = Field(alias="attestationObject")
    transports: list[Annotated[str, Field(max_length=32)]] = Field(
        default_factory=list, max_length=MOST_TRANSPORTS
    )


class Asserted(Lenient):
    """``AuthenticatorAssertionResponseJSON``."""

    client_data: Part = Field(alias="clientDataJSON")
    authenticator_data: Part = Field(alias="authenticatorData")
    signature: Part
    handle: PasskeyId | None = Field(default=None, alias="userHandle")


class Created(Lenient):
    """``RegistrationResponseJSON``."""

    id: PasskeyId
    raw_id: PasskeyId | None = Field(default=None, alias="rawId")
    type: Literal["public-key"]
    response: Attested


class Got(Lenient):
    """``AuthenticationResponseJSON``."""

    id: PasskeyId
    raw_id: PasskeyId | None = Field(default=None, alias="rawId")
    type: Literal["public-key"]
    response: Asserted


class JustCode(StrictModel):
    """A code as it was typed."""

    code: Code


class NewPasskey(StrictModel):
    """The passkey that a browser made."""

    ticket: Token
    name: PasskeyName
    credential: Created


class ShownPasskey(StrictModel):
    """The passkey that a browser used.

    Attributes:
        ticket: Of the options.
        credential: What the browser gave.
        sign_in: Ticket of a sign-in that asks for a second factor, where there is one.
    """

    ticket: Token
    credential: Got
    sign_in: Token | None = None


class TotpMade(BaseModel):
    """What an authenticator app needs: the only answer that holds it."""

    secret: str
    uri: str
    qr: str


class Codes(BaseModel):
    """Recovery codes: the only answer that holds them. Empty where there are some already."""

    recovery_codes: list[str]


class PasskeyAsked(BaseModel):
    """What a browser needs to make or use a passkey."""

    ticket: str
    options: dict[str, Any]


class PasskeyShown(BaseModel):
    """A passkey, for its owner's list."""

    id: str
    name: str
    created: float
    used: float | None


class FactorsShown(BaseModel):
    """The second factors of the account that is signed in."""

    totp: bool
    recovery_codes_left: int
    passkeys: list[PasskeyShown]


def sent(credential: Created | Got) -> dict[str, Any]:
    """The members by the names that the standard gives them."""
    return credential.model_dump(by_alias=True, exclude_none=True)
