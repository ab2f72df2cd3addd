"""Signs of filters of LDAP (CWE-90, RFC 4515) and of expressions of XPath (CWE-643)."""

from __future__ import annotations

from functools import partial
from typing import Final

from buckler.guard.inspection.sign import Attack, Sign

_ldap = partial(Sign, Attack.LDAP)
_xpath = partial(Sign, Attack.XPATH)

SIGNS: Final = (
    _ldap(4, r"\*\)+~\(+~(?:[&|!]|[\w-]+~=)"),
    _ldap(4, r"^[\w*.@-]*\)+~\(~[&|!]~\(?"),
    _ldap(3, r"\(objectclass=\*?"),
    _ldap(3, r"\([|&!]~\(+[\w-]+~[\x7e<>]?="),
    _xpath(4, r"\b(?:or|and) (?:count|string-length|name|local-name|position|starts-with|contains|substring)"
              r"~\(~(?:/|\)|name~\(|\.)", prose=2),
    _xpath(4, r"\]~\|~//\w|^~count~\(//"),
    _xpath(2, r"['\"]~(?:or|and) [a-z-]+~\([^)\n]*//?\w"),
)  # fmt: skip
