"""INJ019: input that becomes part of an LDAP filter or name."""

from __future__ import annotations

import ast

from buckler.core.errors import UnreadableText
from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flows import has, told
from buckler.scan.rules.injection._fixes.pieces import pieces_of

_NAMES = frozenset({"search_base", "base", "dn", "who"})
_ESCAPES = {
    "ldap3": "ldap3.utils.conv.escape_filter_chars",
    "ldap": "ldap.filter.escape_filter_chars",
}


class LdapInjection(Rule):
    """Input is pasted into a filter or name of a directory search.

    ## What it is
    A search filter such as ``(uid=…)``, or the name of the entry that a search begins at, is put
    together as text, and part of it comes from the request. Parentheses, an asterisk or a comma in
    the input change what is asked.

    ## Why it matters
    ``*`` matches every entry, ``)(|(uid=*`` takes the condition apart: sign-ins pass without a
    password, and the directory gives away people, groups and attributes that nobody was meant to see.

    ## How to fix
    Escape each value for where it stands: ``escape_filter_chars`` in a filter, ``escape_rdn`` or
    ``escape_dn_chars`` in a name. One does not do the work of the other, and escaping for HTML does
    neither.

    ## How to check
    Search for ``*``: only entries that are called so may come back.

    ## Roll-out
    Searches that used an asterisk of the caller on purpose need it added behind the escaped value.

    ## References
    CWE-90; RFC 4515 section 3, RFC 4514 section 2.4; OWASP A05:2025 Injection; ASVS 5.0 V1.2.6.
    """

    id = "INJ019"
    name = "ldap-injection"
    title = "LDAP injection"
    severity = Severity.HIGH
    cwe = (90,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.6",)
    flows = Flows(
        "ldap",
        """
        ldap3.Connection.search(0:search_base,1:search_filter) ldap3.Extended.paged_search(0:search_base,1:search_filter)
        ldap3.Connection.{add,delete,modify,modify_dn,compare}(0:dn) ldap3.Reader(2:query,3:base)
        ldap.LDAPObject.{search,search_s,search_st,search_ext,search_ext_s}(0:base,2:filterstr)
        ldap.LDAPObject.{simple_bind,simple_bind_s,bind,bind_s}(0:who) ldap.LDAPObject.{delete_s,delete,add_s,modify_s,compare_s}(0:dn)
        bonsai.LDAPConnection.search(0:base,2:filter_exp)
        """,
        sanitizers="ldap3.utils.conv.escape_filter_chars ldap.filter.{escape_filter_chars,filter_format} bonsai.escape_filter_exp",
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        "escape each value: escape_filter_chars(name)",
        before='connection.search(base, f"(cn={name})")',
        after='connection.search(base, f"(cn={escape_filter_chars(name)})")',
        safe=True,
    )
    bad = (
        Example(
            """
            import ldap3
            from fastapi import FastAPI

            app = FastAPI()
            server = ldap3.Server("ldap://directory.example")


            @app.get("/phone")
            def phone(surname: str) -> list[str]:
                with ldap3.Connection(server, auto_bind=True) as directory:
                    directory.search("dc=firm,dc=example", f"(&(objectClass=person)(sn={surname}))", attributes=["telephoneNumber"])
                    return [str(entry) for entry in directory.entries]
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI
            from pydantic import BaseModel

            from accounts import Accounts

            app = FastAPI()


            class SignIn(BaseModel):
                login: str
                secret: str


            @app.post("/session")
            def session(body: SignIn, accounts: Accounts = Depends()) -> bool:
                return accounts.known(body.login, body.secret)
            """,
            files={
                "accounts.py": """
                import ldap

                MATCH = "(&(uid=%s)(userPassword=%s))"


                class Accounts:
                    def known(self, login: str, secret: str) -> bool:
                        directory = ldap.initialize("ldap://directory.example")
                        found = directory.search_s("ou=staff,dc=firm,dc=example", ldap.SCOPE_SUBTREE, MATCH % (login, secret))
                        return len(found) == 1
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI
            from ldap3 import Connection, Server
            from ldap3.utils.conv import escape_filter_chars

            app = FastAPI()


            @app.get("/departments/{name}")
            def department(name: str) -> int:
                directory = Connection(Server("directory.example"), auto_bind=True)
                directory.search(search_base=f"ou={escape_filter_chars(name)},dc=firm,dc=example", search_filter="(mail=*)")
                return len(directory.entries)
            """,
        ),
    )
    good = (
        Example(
            """
            import ldap3
            from fastapi import FastAPI
            from ldap3.utils.conv import escape_filter_chars
            from ldap3.utils.dn import escape_rdn

            app = FastAPI()
            server = ldap3.Server("ldap://directory.example")


            @app.get("/phone")
            def phone(surname: str, department: str) -> list[str]:
                with ldap3.Connection(server, auto_bind=True) as directory:
                    base = "ou=" + escape_rdn(department) + ",dc=firm,dc=example"
                    directory.search(base, f"(sn={escape_filter_chars(surname)}*)", attributes=["telephoneNumber"])
                    return [str(entry) for entry in directory.entries]
            """,
        ),
        Example(
            """
            import ldap
            from fastapi import FastAPI
            from ldap.filter import filter_format

            app = FastAPI()
            UNITS = {"sales": "ou=sales,dc=firm,dc=example", "lab": "ou=lab,dc=firm,dc=example"}


            @app.get("/units/{unit}")
            def members(unit: str, number: int, role: str = "") -> int:
                directory = ldap.initialize("ldap://directory.example")
                text = filter_format("(&(employeeType=%s)(objectClass=person))", [role])
                directory.search_s(UNITS[unit], ldap.SCOPE_ONELEVEL, f"(employeeNumber={number})")
                return len(directory.search_s(UNITS[unit], ldap.SCOPE_ONELEVEL, text))
            """,
        ),
        Example(
            """
            import re

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/search")
            def search(text: str) -> bool:
                return re.search(f"(cn={re.escape(text)})", "(cn=somebody)") is not None
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in a filter or a name that is not escaped for it."""
        if flow.argument in _NAMES:
            dirty = tuple(t for t in flow.all_taints if not has(flow, t, "ldap_dn"))
            return told(flow, "becomes part of a directory's name.", dirty) if dirty else None
        if not flow.taints:
            return None
        return told(
            flow, "becomes part of an LDAP filter: parentheses and asterisks in it are read."
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Values of a filter that is written in the call, escaped."""
        for call in draft.calls_at(finding):
            for node in (*call.args, *(k.value for k in call.keywords)):
                if _escaped(draft, call, node):
                    return draft.repair("escapes what becomes part of the filter")
        return None


def _escaped(draft: Draft, call: ast.Call, node: ast.expr) -> bool:
    """Whether the values of a filter were escaped where it is put together."""
    package = draft.index.name(call.func).partition(".")[0]
    if package not in _ESCAPES:
        return False
    try:
        pieces = pieces_of(draft, node)
    except UnreadableText:
        return False
    text = "".join(getattr(part, "text", "") for part in pieces.parts)
    if not text.startswith("(") or pieces.how != "f":
        return False
    values = [v for v in ast.walk(node) if isinstance(v, ast.FormattedValue)]
    if not values or any(not isinstance(v.value, ast.Name | ast.Attribute) for v in values):
        return False
    escape = draft.name_for(_ESCAPES[package], call)
    for value in pieces.values:
        if not value.plain:
            return False
        draft.edit(value.start, value.end, f"{{{escape}({value.source})}}")
    return True
