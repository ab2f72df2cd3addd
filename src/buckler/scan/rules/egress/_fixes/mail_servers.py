"""Tells the mail servers that are known to encrypt, with a certificate that everybody trusts (CWE-319)."""

from __future__ import annotations

import ast
import re

from buckler.scan.python.constants import number, text
from buckler.scan.python.index import Index, argument, last, unpacks

_KNOWN = re.compile(
    r"""^(smtp\.gmail\.com|smtp-relay\.gmail\.com|smtp\.office365\.com|smtp-mail\.outlook\.com|smtp\.sendgrid\.net
    |smtp(\.eu)?\.mailgun\.org|smtp\.postmarkapp\.com|email-smtp\.[a-z0-9-]+\.amazonaws\.com|in-v3\.mailjet\.com
    |smtp-relay\.brevo\.com|smtp\.fastmail\.com|smtp\.zoho\.(com|eu)|smtp\.mandrillapp\.com|smtp\.sparkpostmail\.com
    |smtp\.mail\.yahoo\.com)$""",
    re.VERBOSE,
)
_SUBMISSION = 587
_LOOPS = (
    *(ast.For, ast.AsyncFor, ast.While),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_HARMLESS = frozenset({"closing", "enter_context", "print", "isinstance", "id", "repr", "str"})


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


def encrypted_elsewhere(index: Index, call: ast.Call, starts: str) -> bool:
    """Whether the connection of a sign-in may be encrypted at another place of the file.

    Args:
        index: Of the file.
        call: Of ``login``.
        starts: The method that encrypts.
    """
    if not isinstance(call.func, ast.Attribute):
        return False
    server = call.func.value
    if any(n.attr == starts and _is_same(index, n.value, server) for n in index.all(ast.Attribute)):
        return True
    return any(
        _is_same(index, given, server)
        and (isinstance(server, ast.Attribute) or other.lineno <= call.lineno)
        for other in index.calls
        if last(other.func) not in _HARMLESS
        for given in (*other.args, *(keyword.value for keyword in other.keywords))
    )


def in_loop(index: Index, node: ast.AST) -> bool:
    """Whether a node may run several times in one run of its function."""
    for outer in index.around(node):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
        if isinstance(outer, _LOOPS):
            return True
    return False


def _is_same(index: Index, one: ast.expr, server: ast.expr) -> bool:
    """Whether two expressions are the same attribute of objects, or names of the same connection."""
    if isinstance(one, ast.Attribute) and isinstance(server, ast.Attribute):
        return one.attr == server.attr
    made = [value for value in index.values(server) if isinstance(value, ast.Call)]
    return any(value in made for value in index.values(one))
