"""What a browser answers about a passkey, read within bounds and as the standard writes it.

Threat: input without end, or that two readers understand differently (CWE-400, CWE-436): every text has a longest
length and is canonical base64url; what is not needed is not read. The statement about the authenticator's make is
left out: nobody judges by it here (``attestation: none``), and reading certificates and TPM structures of strangers is
risk without use (WebAuthn Level 3, 7.1, step 21 to 24).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from buckler.guard.auth.errors import FactorError
from buckler.guard.auth.jwt import base64url

LONGEST_ID: Final = 1364
"""Characters of a credential's id: 1023 bytes (WebAuthn Level 3, 5.1)."""
LONGEST: Final = 32_768
"""Characters of anything else: an attestation with a chain of certificates has some 8,000."""
MOST_TRANSPORTS: Final = 16
_LONGEST_TRANSPORT: Final = 32


def registration(came: Mapping[str, Any], webauthn: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The answer to a registration, for the verifier, and the transports that the browser named.

    Args:
        came: ``RegistrationResponseJSON`` (WebAuthn Level 3, 5.1).
        webauthn: The library.

    Raises:
        FactorError: It is none (``form``).
    """
    found = _common(came, ("clientDataJSON", "attestationObject"))
    response = found["response"]
    response["attestationObject"] = _unattested(response["attestationObject"], webauthn)
    named = came["response"].get("transports")
    kept = [] if not isinstance(named, list) else named[:MOST_TRANSPORTS]
    known = {one.value for one in webauthn.helpers.structs.AuthenticatorTransport}
    return found, frozenset(one for one in kept if isinstance(one, str) and one in known)


def authentication(came: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    """The answer to a sign-in, for the verifier, and the user handle that came, if one did.

    Args:
        came: ``AuthenticationResponseJSON`` (WebAuthn Level 3, 5.1).

    Raises:
        FactorError: It is none (``form``).
    """
    found = _common(came, ("clientDataJSON", "authenticatorData", "signature"))
    handle = came["response"].get("userHandle")
    return found, None if handle is None else _bytes(handle, LONGEST_ID)


def credential_id(came: Mapping[str, Any]) -> str:
    """The id of the passkey that came.

    Raises:
        FactorError: There is none (``form``).
    """
    found = came.get("id") if isinstance(came, Mapping) else None
    _bytes(found, LONGEST_ID)
    return str(found)


def check_client_data(text: str, *, challenge: str, origin: str) -> None:
    """Look whether the browser answered this challenge, from this site, in no frame of another one.

    Args:
        text: ``clientDataJSON`` as it came.
        challenge: That was sent, base64url.
        origin: Of the site.

    Raises:
        FactorError: It did not: ``form``, ``challenge``, ``origin`` or ``cross_origin``.
    """
    try:
        said = json.loads(base64url.decode(text.encode("ascii")))
    except (ValueError, RecursionError) as error:
        raise FactorError("form", "the client data of a passkey is no JSON") from error
    if not isinstance(said, dict):
        raise FactorError("form", "the client data of a passkey is no object")
    if said.get("challenge") != challenge:
        raise FactorError("challenge", "a passkey signed another challenge")
    if said.get("origin") != origin:
        raise FactorError("origin", "a passkey was used at another origin")
    if said.get("crossOrigin", False) is not False:
        raise FactorError("cross_origin", "a passkey was used in a frame of another site")


def _common(came: Any, names: tuple[str, ...]) -> dict[str, Any]:
    response = came.get("response") if isinstance(came, Mapping) else None
    if not isinstance(response, Mapping) or came.get("type") != "public-key":
        raise FactorError("form", "what came is no answer of a passkey")
    key = came.get("id")
    _bytes(key, LONGEST_ID)
    if came.get("rawId", key) != key:
        raise FactorError("form", "a passkey has two ids")
    texts = {name: response.get(name) for name in names}
    for text in texts.values():
        _bytes(text, LONGEST)
    return {"id": key, "rawId": key, "type": "public-key", "response": texts}


def _bytes(text: Any, longest: int) -> bytes:
    if not isinstance(text, str) or not 0 < len(text) <= longest:
        raise FactorError("form", "a part of a passkey's answer is missing or too long")
    try:
        return base64url.decode(text.encode("ascii"))
    except ValueError as error:
        raise FactorError("form", "a part of a passkey's answer is no base64url") from error


def _unattested(text: str, webauthn: Any) -> str:
    """The attestation object with the authenticator's data alone."""
    helpers = webauthn.helpers
    try:
        found = helpers.parse_cbor(_bytes(text, LONGEST))
    except helpers.exceptions.InvalidCBORData as error:
        raise FactorError("form", "an attestation is no CBOR") from error
    data = found.get("authData") if isinstance(found, dict) else None
    if not isinstance(data, bytes):
        raise FactorError("form", "an attestation has no authenticator data")
    bare = helpers.encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
    return base64url.encode(bare).decode("ascii")
