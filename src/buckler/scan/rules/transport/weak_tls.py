"""TRA002: versions and ciphers of TLS that are broken."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Module, Project, SiteSeen, TlsSeen
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import text, value_of
from buckler.scan.python.index import Index, index_of, last
from buckler.scan.rules._support.source import here
from buckler.scan.rules.transport._fixes.modern import modern_only

_VERSIONS = re.compile(r"^(?:PROTOCOL_)?(?:SSLv2|SSLv3|TLSv1|TLSv1_1)(?:_METHOD)?$")
_NUMBERS = {0: "SSLv2", 1: "SSLv3", 3: "TLSv1", 4: "TLSv1_1"}
_OLD_OFF = re.compile(r"^OP_NO_(?:SSLv2|SSLv3|TLSv1|TLSv1_1)$")
_WEAK = re.compile(
    r"^(?:ALL|COMPLEMENTOFALL|COMPLEMENTOFDEFAULT|LOW|EXP\w*|EXPORT\w*|eNULL|NULL|aNULL|ADH|AECDH|RC4|RC2|DES|3DES|IDEA|SEED|MD5|MEDIUM|SSLv2|SSLv3)$|"
    r"(?:^|[-_])(?:RC4|DES|3DES|CBC3|NULL|EXP|MD5|anon)(?:[-_]|$)",
    re.IGNORECASE,
)
_SERVERS = re.compile(r"(^|/)gunicorn[\w.-]*\.py$|(^|/)hypercorn[\w.-]*\.py$")
_COMMAND = re.compile(
    r"--ssl-version[=\s\"',\[]+[\"']?(0|1|3|4|TLSv1(?:_1)?|SSLv[23])\b|--ssl-ciphers[=\s\"',\[]+[\"']?([\w:!+@=-]+)"
)
_FILES = re.compile(
    r"(^|/)(Dockerfile[\w.-]*|Containerfile|Procfile|[\w.-]*compose[\w.-]*\.ya?ml|[\w.-]+\.(sh|service|conf))$"
)


ENDS_SOON = 14 * 86_400
"""Seconds before its end from which on a certificate ought to have been renewed."""
EXPECTED = {
    "old": "TLSv1.2 or TLSv1.3",
    "cipher": "one with a key exchange of its own and authenticated encryption",
    "certificate": "more than two weeks from now",
}


class WeakTlsSettings(Rule):
    """The server, or a connection, takes versions or ciphers of TLS that are broken.

    ## What it is
    SSL 3, TLS 1.0 and TLS 1.1 are allowed, or ciphers such as RC4, 3DES or those without a key. On a running
    site: it takes one of them, or its certificate has ended or is about to.

    ## Why it matters
    Whoever sits on the way can make both sides agree on the weakest they have, and read or change
    what is sent. Browsers and PCI DSS refuse them.

    ## How to fix
    ``context.minimum_version = ssl.TLSVersion.TLSv1_2`` and the default ciphers. Leave ``ssl_version`` and
    ``ssl_ciphers`` of uvicorn and gunicorn alone: their defaults are right.

    ## How to check
    ``openssl s_client -connect HOST:443 -tls1_1`` must fail.

    ## Roll-out
    Very old clients can no longer connect; look into the log of the proxy for what they are.

    ## References
    CWE-327, CWE-326; RFC 8996; RFC 9325; ASVS 5.0 V12.1.1 and V12.1.2.
    """

    id = "TRA002"
    name = "weak-tls-settings"
    title = "Weak TLS settings"
    severity = Severity.MEDIUM
    cwe = (327, 326)
    owasp = ("API8:2023", "A02:2021", "A04:2025")
    asvs = ("V12.1.1", "V12.1.2")
    fix = Fix(
        "leave the defaults, or set minimum_version = ssl.TLSVersion.TLSv1_2",
        before="uvicorn.run(app, ssl_version=ssl.PROTOCOL_TLSv1)",
        after="uvicorn.run(app)",
    )
    bad = (
        Example(
            """
            import ssl

            import uvicorn
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/")
            def home() -> str:
                return "open"


            if __name__ == "__main__":
                uvicorn.run(
                    app,
                    ssl_version=ssl.PROTOCOL_TLSv1,
                    ssl_ciphers="HIGH:RC4-SHA:!aNULL",
                )
            """,
            line=17,
        ),
        Example(
            """
            import ssl

            from fastapi import FastAPI

            app = FastAPI()
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_1


            @app.get("/")
            def home() -> str:
                return "open"
            """,
            line=7,
        ),
    )
    good = (
        Example(
            """
            import ssl

            import uvicorn
            from fastapi import FastAPI

            app = FastAPI()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.options |= ssl.OP_NO_TLSv1 | ssl.OP_NO_TLSv1_1
            context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!MD5:!RC4")


            @app.get("/")
            def home() -> str:
                return "open"


            if __name__ == "__main__":
                uvicorn.run(app, ssl_ciphers="HIGH:!aNULL:!MD5", ssl_version=ssl.PROTOCOL_TLS_SERVER)
            """,
        ),
    )

    def check_site(self, site: SiteSeen) -> Iterable[Finding]:
        """Versions that a running site takes, and a certificate that ends."""
        tls = site.tls
        if tls is None:
            return
        if tls.old:
            yield self._seen(f"The site takes {' and '.join(tls.old)}.", "old", tls, list(tls.old))
        if _WEAK.search(tls.cipher):
            yield self._seen(f"The site takes the cipher {tls.cipher}.", "cipher", tls, tls.cipher)
        if tls.ends is not None and tls.ends - tls.now < ENDS_SOON:
            day = datetime.fromtimestamp(tls.ends, UTC).date().isoformat()
            word = "ended" if tls.ends < tls.now else "ends"
            severity = Severity.HIGH if tls.ends < tls.now else Severity.LOW
            yield self._seen(f"The certificate {word} on {day}.", "certificate", tls, day, severity)

    def _seen(
        self, message: str, what: str, tls: TlsSeen, value: object, severity: Severity | None = None
    ) -> Finding:
        return self.found(
            message,
            confidence=Confidence.OBSERVED,
            severity=severity,
            anchor=what,
            subject=what,
            proof=(
                proofs.setting(what, value, expected=EXPECTED[what]),
                proofs.setting("negotiated", f"{tls.version} with {tls.cipher}"),
            ),
        )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Old versions and weak ciphers in calls, assignments and the settings of gunicorn."""
        index = index_of(module)
        lines: set[int] = set()
        for node, why in (*_versions(index), *_ciphers(index), *_options(index)):
            line = getattr(node, "lineno", 0)
            if line not in lines:
                lines.add(line)
                yield self.found(
                    f"{why} allowed.", confidence=Confidence.OBSERVED, location=here(index, node)
                )

    def check_project(self, project: Project) -> Iterable[Finding]:
        """The same in command lines."""
        for path in project.files:
            if not _FILES.search(path):
                continue
            for number, line in enumerate(project.read(path).splitlines(), 1):
                for version, ciphers in (
                    () if line.lstrip().startswith("#") else _COMMAND.findall(line)
                ):
                    if version or weak_ciphers(ciphers):
                        what = "an old version of TLS is" if version else "weak ciphers are"
                        yield self.found(
                            f"On the command line {what} allowed.",
                            confidence=Confidence.OBSERVED,
                            location=Location(path, number),
                        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The defaults, or TLS 1.2 where a least version is named."""
        if modern_only(draft, finding.location.line or 0, weak_ciphers):
            return draft.repair(
                "allows TLS 1.2 and newer alone",
                safe=False,
                changes="clients that know older versions or weak ciphers alone cannot connect any more",
            )
        return None


def _versions(index: Index) -> Iterator[tuple[ast.AST, str]]:
    for node in index.all(ast.Attribute):
        if not _VERSIONS.match(node.attr):
            continue
        if not index.name(node).startswith(("ssl.", "OpenSSL.", "urllib3.")):
            continue
        outer = next(
            (
                o
                for o in index.around(node)
                if isinstance(o, ast.Compare | ast.Assign | ast.keyword | ast.Call)
            ),
            None,
        )
        parent = index.parents.get(node)
        if (
            isinstance(parent, ast.Subscript | ast.Dict)
            or isinstance(outer, ast.Compare)
            or (
                isinstance(outer, ast.Assign)
                and re.search(r"maximum|\[", ast.unparse(outer.targets[0]))
            )
        ):
            continue
        yield node, f"{node.attr.removeprefix('PROTOCOL_').replace('_', '.')} is"
    for keyword in index.all(ast.keyword):
        if keyword.arg in ("ssl_version", "ssl_minimum_version"):
            value = value_of(index, keyword.value)
            if value is not None and value.value in _NUMBERS:
                yield keyword.value, f"{_NUMBERS[value.value]} is"


def _ciphers(index: Index) -> Iterator[tuple[ast.AST, str]]:
    for call in index.called("set_ciphers"):
        if call.args and weak_ciphers(text(index, call.args[0]) or ""):
            yield call, "Weak ciphers are"
    for keyword in index.all(ast.keyword):
        if keyword.arg in ("ssl_ciphers", "ciphers") and weak_ciphers(
            text(index, keyword.value) or ""
        ):
            yield keyword.value, "Weak ciphers are"
    if _SERVERS.search(index.path):
        for assign in index.all(ast.Assign):
            name, value = last(assign.targets[0]), text(index, assign.value) or ""
            if name == "ciphers" and weak_ciphers(value):
                yield assign, "Weak ciphers are"
            if name == "ssl_version" and _VERSIONS.match(value):
                yield assign, f"{value} is"


def _options(index: Index) -> Iterator[tuple[ast.AST, str]]:
    """``context.options &= ~ssl.OP_NO_TLSv1`` takes a ban away."""
    for node in index.all(ast.Attribute):
        if _OLD_OFF.match(node.attr) and isinstance(index.parents.get(node), ast.UnaryOp):
            yield node, f"{node.attr.removeprefix('OP_NO_')} is"


def weak_ciphers(setting: str) -> bool:
    """Whether an OpenSSL cipher list lets a weak cipher in.

    ``!X`` and ``-X`` take away, ``A+B`` is what is both; ``ALL`` is everything but what is taken away.
    """
    items = [item.strip() for item in re.split(r"[:,\s]+", setting) if item.strip()]
    removed = {item[1:].upper() for item in items if item[0] in "!-"}
    for item in items:
        if item[0] in "!-" or item.upper() in removed:
            continue
        if "SECLEVEL=0" in item.upper():
            return True
        if any(_WEAK.search(part) for part in item.lstrip("+").split("+")) and not item.startswith(
            ("TLS_", "@")
        ):
            return True
    return False
