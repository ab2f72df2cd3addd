"""EGR001: the request decides where the application connects to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flows import decides_host, has, told
from buckler.scan.rules.egress._fixes.hosts import HOSTS, known_hosts_alone

ADDRESS = re.compile(
    r"url|uri|link|host|hook|callback|endpoint|proxy|remote|server|domain", re.IGNORECASE
)


CALLED_BY_HOST = ("http.client.", "socket.", "asyncio.", "ftplib.", "smtplib.", "paramiko.")
"""Calls that take a host, not an address: a name without a slash is one."""


class ServerSideRequestForgery(Rule):
    """The application connects to whatever host the request names.

    ## What it is
    An address, a host or a part of one comes with the request and goes to an HTTP client. The
    connection is made from inside the network, with the application's rights.

    ## Why it matters
    Cloud metadata services hand out credentials to anyone who asks from inside; that is how
    Capital One lost 100 million records. Databases, queues and admin pages trust the network.

    ## How to fix
    Let the request choose among known hosts. Where any address must work, resolve it, refuse
    private, loopback, link-local and reserved ones, connect to the address that was checked, and
    do the same on every redirect.
    ``buckler.guard.safe_client`` and ``SafeTransport`` judge the address when they connect.

    ## How to check
    Ask for ``http://127.0.0.1:1/``: it must be refused before a connection is tried.

    ## Roll-out
    List the hosts that are used now (the log of outgoing requests tells) before refusing others.

    ## References
    CWE-918; OWASP API7:2023, A01:2025; ASVS 5.0 V1.3.6.
    """

    id = "EGR001"
    name = "server-side-request-forgery"
    title = "Server-side request forgery"
    severity = Severity.HIGH
    cwe = (918,)
    owasp = ("API7:2023", "A10:2021", "A01:2025")
    asvs = ("V1.3.6",)
    control = "guard.SafeTransport"
    sinks = ("connect", "dns")
    flows = Flows(
        "ssrf",
        """
        {httpx,requests,niquests,aiohttp}.{get,post,put,patch,delete,head,options,stream}(0,url) {httpx,requests,aiohttp,niquests}.request(1,url)
        http.Client.{get,post,put,patch,delete,head,options}(0,url) http.Client.{request,stream}(1,url) httpx.Request(1,url) requests.Request(1,url)
        {httpx.Client,httpx.AsyncClient,aiohttp.ClientSession}(base_url)
        urllib.request.{urlopen,urlretrieve}(0,url) urllib3.request(1,url) urllib3.PoolManager.request(1,url)
        http.client.{HTTPConnection,HTTPSConnection}.{request,connect}(self) socket.create_connection(0)
        asyncio.open_connection(0,host) websockets.connect(0,uri) pycurl.Curl.setopt(1) urllib2.urlopen(0)
        ftplib.FTP(0,host) smtplib.SMTP(0,host) paramiko.SSHClient.connect(0,hostname) {jwt,jwt.jwks_client}.PyJWKClient(0,uri) boto3.Client.download_fileobj(0)
        """,
        sanitizers="buckler.guard.validate.PublicUrl",
        sources=DIRECT | STORED,
    )
    fix = Fix(
        "choose among known hosts, or refuse private addresses at connect time",
        before="httpx2.get(url)",
        after="if urlsplit(url).hostname not in ALLOWED:\n    raise HTTPException(422)\nhttpx2.get(url)",
    )
    bad = (
        Example(
            """
            import urllib.request

            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.get("/preview")
            def preview(url: str) -> int:
                try:
                    with urllib.request.urlopen(url, timeout=2) as answer:
                        return len(answer.read())
                except (OSError, ValueError) as error:
                    raise HTTPException(502) from error
            """,
            line=11,
        ),
        Example(
            """
            import socket

            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.get("/check")
            def check(host: str, port: int = 80) -> bool:
                try:
                    socket.create_connection((host, port), timeout=1).close()
                except OSError as error:
                    raise HTTPException(502) from error
                return True
            """,
        ),
    )
    good = (
        Example(
            """
            import ipaddress
            import socket
            import urllib.request
            from urllib.parse import urlsplit

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            KNOWN = {"api.example.com", "cdn.example.com"}


            @app.get("/preview")
            def preview(url: str) -> int:
                if urlsplit(url).hostname not in KNOWN:
                    raise HTTPException(422)
                with urllib.request.urlopen(url, timeout=2) as answer:
                    return len(answer.read())


            @app.get("/check")
            def check(host: str) -> bool:
                try:
                    address = socket.gethostbyname(host)
                except OSError as error:
                    raise HTTPException(502) from error
                if not ipaddress.ip_address(address).is_global:
                    raise HTTPException(422)
                socket.create_connection((address, 80), timeout=1).close()
                return True


            @app.get("/item")
            def item(key: str) -> int:
                try:
                    with urllib.request.urlopen(f"https://api.example.com/items/{key}", timeout=1) as answer:
                        return len(answer.read())
                except (OSError, ValueError) as error:
                    raise HTTPException(502) from error
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that decides which host is asked."""
        if flow.elements:
            first = flow.elements[0]
            if all(flow.is_clean(t) for t in first.taints):
                return None
            return told(flow, "decides which host the application connects to.")
        if any("sock" in t.fields for t in things(flow.receiver, External)):
            return None  # it was given a connection of its own
        if not flow.source.direct and not flow.value.taints:
            return None
        host = flow.call.startswith(CALLED_BY_HOST)
        for before, taints, _ in flow.places():
            address = not before and not host
            if decides_host(before) and not all(
                address and has(flow, t, "segment") for t in taints
            ):
                return told(flow, "decides which host the application asks.")
        return None

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """An address, a host, and what turns the end of a fixed address into another one."""
        for before, after, note in (
            ("http://", "/", "an address"),
            ("", "", "a host"),
            ("https://", "/sample.png", "an address with a file name"),
            ("@", "/", "makes what stands before it a user name"),
            (".", "/", "makes what stands before it a part of the name"),
            ("//", "/", "an address without a scheme"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary.host}{after}", canary, note, raw=True)
        for hint in slot.hints:
            for shape in (
                "http://{host}/?{hint}",
                "http://{hint}.{host}/",
                "http://{hint}@{host}/",
            ):
                canary = mint()
                text = shape.format(host=canary.host, hint=hint)
                yield Payload(text, canary, "holds the name of a known host", raw=True)
        for before, after in (("http://", "/"), ("", "")):
            canary = mint()
            yield Payload(
                f"{before}{canary.address}{after}", canary, "an address in numbers", raw=True
            )

    def likes(self, slot: Slot) -> bool:
        """A slot that is named like an address, or whose default is one."""
        given = f"{slot.schema.get('default', '')} {slot.schema.get('examples', '')}"
        return "://" in given or bool(ADDRESS.search(slot.leaf))

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """A connection to the canary's own address was tried; a look-up alone is no evidence."""
        if hit.sink != "connect":
            return None
        return Verdict(
            "The application connects to a host that the request names, loopback included.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Hosts that a setting names."""
        for call in draft.calls_at(finding):
            if known_hosts_alone(draft, call):
                return draft.repair(
                    f"asks hosts alone that the environment variable {HOSTS} names",
                    safe=False,
                    changes=f"addresses of hosts that are not named in {HOSTS}, divided by commas, are "
                    "refused with 422",
                )
        return None
