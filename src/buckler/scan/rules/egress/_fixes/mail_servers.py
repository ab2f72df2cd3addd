"""Tells the mail servers that are known to encrypt, with a certificate that everybody trusts (CWE-319)."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.constants import number, text
from buckler.scan.python.index import Index, argument, unpacks

_KNOWN = re.compile(
    r"""^(smtp\.gmail\.com|smtp-relay\.gmail\.com|smtp\.office365\.com|smtp-mail\.outlook\.com|smtp\.sendgrid\.net
    |smtp(\.eu)?\.mailgun\.org|smtp\.postmarkapp\.com|email-smtp\.[a-z0-9-]+\.amazonaws\.com|in-v3\.mailjet\.com
    |smtp-relay\.brevo\.com|smtp\.fastmail\.com|smtp\.zoho\.(com|eu)|smtp\.mandrillapp\.com|smtp\.sparkpostmail\.com
    |smtp\.mail\.yahoo\.com)$""",
    re.VERBOSE,
)
_SUBMISSION = 587


def surely_encrypts(index: Index, made: list[ast.Call]) -> bool:
    """Whether a connection goes to the submission port (RFC 6409) of a provider that offers STARTTLS there.

    Args:
        index: Of the file.
        made: The calls that make the connection.
    """
    return bool(made) and all(
        index.name(call.func) == "smtplib.SMTP"
        and not unpacks(call)
        and _KNOWN.match((text(index, argument(call, "host", 0)) or "").lower())
        and number(index, argument(call, "port", 1)) == _SUBMISSION
        for call in made
    )
