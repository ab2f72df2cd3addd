"""Passkeys: a key in the owner's device that signs a challenge of ours, for our site alone (WebAuthn Level 3).

Threat: phishing, replay and stolen password lists (CWE-294, CWE-308; ASVS 5.0 V6.3.3, V6.5.7): there is nothing to
type that another site could take. The device verifies its user each time, so that one passkey is two factors
(NIST SP 800-63B-4, 2.2.1 and 3.1.7). This file asks and judges; what is kept and counted once is for the service.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.jwt import base64url
from buckler.guard.auth.mfa import webauthn_response as responses
from buckler.guard.auth.mfa.relying_party import RelyingParty
from buckler.guard.options import GuardError
from buckler.guard.stores.records import Passkey, User

CHALLENGE: Final = 32
TIMEOUT: Final = 300.0
"""Seconds that the browser and the challenge wait (WebAuthn Level 3, 15.1: 300 to 600)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasskeyOptions:
    """What a browser needs to register or use a passkey.

    Attributes:
        options: For ``PublicKeyCredential.parseCreationOptionsFromJSON`` or ``parseRequestOptionsFromJSON``.
        ticket: Names the challenge when the browser's answer is handed in; counts once.
    """

    options: dict[str, Any]
    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A passkey that was made.

    Attributes:
        id: Of the credential, base64url.
        public_key: COSE key, base64url.
        sign_count: As the authenticator said it.
        transports: As the browser named them.
        synced: Whether it may be on several devices (its flag ``BE``).
        backed_up: Whether it is (``BS``).
    """

    id: str
    public_key: str
    sign_count: int
    transports: frozenset[str]
    synced: bool
    backed_up: bool


def new_challenge() -> str:
    """A challenge, base64url."""
    return base64url.encode(secrets.token_bytes(CHALLENGE)).decode("ascii")


class Ceremonies:
    """Asks browsers for passkeys and judges their answers, for one site.

    Args:
        party: The site.

    Raises:
        GuardError: webauthn is not installed.
    """

    __slots__ = ("_party", "_webauthn")

    def __init__(self, party: RelyingParty) -> None:
        self._party = party
        self._webauthn = _library()

    def handle(self, user_id: str) -> bytes:
        """What authenticators know an account by: the same for good, and nothing of its name (14.6.1)."""
        text = f"passkey\0{self._party.id}\0{user_id}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def creation_options(
        self, user: User, challenge: str, known: Iterable[Passkey]
    ) -> dict[str, Any]:
        """What asks a browser for a new passkey (``PublicKeyCredentialCreationOptionsJSON``).

        Args:
            user: Whose it will be.
            challenge: Of :func:`new_challenge`.
            known: Passkeys of the account: the devices that hold one make no second.
        """
        structs = self._webauthn.helpers.structs
        made = self._webauthn.generate_registration_options(
            rp_id=self._party.id,
            rp_name=self._party.name,
            user_name=user.name,
            user_id=self.handle(user.id),
            challenge=base64url.decode(challenge.encode("ascii")),
            timeout=int(TIMEOUT * 1000),
            attestation=structs.AttestationConveyancePreference.NONE,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=self._descriptors(known),
        )
        return self._json(made)

    def request_options(self, challenge: str, known: Iterable[Passkey]) -> dict[str, Any]:
        """What asks a browser to use a passkey (``PublicKeyCredentialRequestOptionsJSON``).

        Args:
            challenge: Of :func:`new_challenge`.
            known: Those of the account; none: any that the device holds for this site.
        """
        structs = self._webauthn.helpers.structs
        made = self._webauthn.generate_authentication_options(
            rp_id=self._party.id,
            challenge=base64url.decode(challenge.encode("ascii")),
            timeout=int(TIMEOUT * 1000),
            allow_credentials=self._descriptors(known),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
        return self._json(made)

    def registered(self, came: Mapping[str, Any], challenge: str) -> Registered:
        """The passkey that a browser made (WebAuthn Level 3, 7.1).

        Args:
            came: ``RegistrationResponseJSON``.
            challenge: That was sent.

        Raises:
            FactorError: It does not count: ``form``, ``challenge``, ``origin``, ``cross_origin``, ``invalid``.
        """
        credential, transports = responses.registration(came, self._webauthn)
        self._check_client(credential, challenge)
        helpers = self._webauthn.helpers
        try:
            found = self._webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=base64url.decode(challenge.encode("ascii")),
                expected_rp_id=self._party.id,
                expected_origin=self._party.origin,
                require_user_verification=True,
            )
            # A key that nobody can read would be a factor that its owner can never show.
            helpers.decoded_public_key_to_cryptography(
                helpers.decode_credential_public_key(found.credential_public_key)
            )
        except Exception as error:
            # The library answers some garbage with KeyError, TypeError or AttributeError.
            raise FactorError(
                "invalid", "a new passkey was not made as it was asked for"
            ) from error
        made = base64url.encode(found.credential_id).decode("ascii")
        if made != credential["id"]:
            raise FactorError("invalid", "a new passkey has two ids")
        return Registered(
            id=made,
            public_key=base64url.encode(found.credential_public_key).decode("ascii"),
            sign_count=found.sign_count,
            transports=transports,
            synced=found.credential_device_type.value == "multi_device",
            backed_up=found.credential_backed_up,
        )

    def used(
        self, came: Mapping[str, Any], challenge: str, passkey: Passkey, *, named: bool
    ) -> int:
        """What the authenticator's counter says after a passkey was used (WebAuthn Level 3, 7.2).

        Whether the counter may say that is for the caller: it is believed only since the signature is good.

        Args:
            came: ``AuthenticationResponseJSON``.
            challenge: That was sent.
            passkey: The one with the id that came.
            named: Whether the account was known before; else the device has to say whose the passkey is.

        Raises:
            FactorError: It does not count: ``form``, ``challenge``, ``origin``, ``cross_origin``, ``handle``,
                ``invalid``.
        """
        credential, handle = responses.authentication(came)
        self._check_client(credential, challenge)
        if (handle is not None or not named) and handle != self.handle(passkey.user_id):
            raise FactorError("handle", "a passkey is of another account than the device says")
        try:
            found = self._webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=base64url.decode(challenge.encode("ascii")),
                expected_rp_id=self._party.id,
                expected_origin=self._party.origin,
                credential_public_key=base64url.decode(passkey.public_key.encode("ascii")),
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except Exception as error:
            raise FactorError("invalid", "a passkey did not sign what was asked for") from error
        return int(found.new_sign_count)

    def _check_client(self, credential: Mapping[str, Any], challenge: str) -> None:
        text = credential["response"]["clientDataJSON"]
        responses.check_client_data(text, challenge=challenge, origin=self._party.origin)

    def _descriptors(self, known: Iterable[Passkey]) -> list[Any]:
        structs = self._webauthn.helpers.structs
        return [
            structs.PublicKeyCredentialDescriptor(
                id=base64url.decode(one.id.encode("ascii")),
                transports=[structs.AuthenticatorTransport(t) for t in sorted(one.transports)],
            )
            for one in known
        ]

    def _json(self, options: Any) -> dict[str, Any]:
        made: dict[str, Any] = self._webauthn.helpers.options_to_json_dict(options)
        return made


def _library() -> Any:
    try:
        import webauthn
        import webauthn.helpers.exceptions
        import webauthn.helpers.structs
    except ModuleNotFoundError as error:
        raise GuardError("passkeys need webauthn", hint="pip install 'buckler[mfa]'") from error
    return webauthn
