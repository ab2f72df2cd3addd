"""EGR006: redirects that are followed away from an address that was checked."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.constants import truth as constant_truth
from buckler.scan.python.index import argument
from buckler.scan.rules._support.flows import told

_OPTIONS = ("follow_redirects", "allow_redirects")


class RedirectsFollowed(Rule):
    """An address of the request is checked, and then followed wherever it redirects to.

    ## What it is
    The host of an address is compared with allowed ones or resolved and looked at; the client is told to
    follow redirects, and nothing checks the address that those lead to.

    ## Why it matters
    The address that passes the check answers ``302 Location: http://169.254.169.254/``, and your server goes
    there: the check might as well not be there.

    ## How to fix
    ``follow_redirects=False``, and check each ``Location`` as the first address was. ``buckler.guard.safe_client``
    checks every address of every redirect when it connects.

    ## How to check
    Give an address that redirects to ``http://127.0.0.1:1/``: no connection may be tried.

    ## Roll-out
    Count the redirects that are followed now; most are from http to https.

    ## References
    CWE-918; OWASP API7:2023, A01:2025; ASVS 5.0 V1.3.6 and V15.3.2.
    """

    id = "EGR006"
    name = "redirects-followed-after-check"
    title = "Redirects followed from a checked address"
    severity = Severity.MEDIUM
    cwe = (918,)
    owasp = ("API7:2023", "A10:2021", "A01:2025")
    asvs = ("V1.3.6", "V15.3.2")
    control = "guard.safe_client"
    flows = Flows(
        "ssrf",
        """
        {httpx,requests,niquests,aiohttp}.{get,post,head,options,stream}(0,url) {httpx,requests,aiohttp}.request(1,url)
        http.Client.{get,post,put,patch,delete,head,options}(0,url) http.Client.{request,stream}(1,url)
        """,
        sources=DIRECT | STORED,
    )
    fix = Fix(
        "do not follow: follow_redirects=False",
        before="httpx2.get(url, follow_redirects=True)",
        after="httpx2.get(url, follow_redirects=False)",
    )
    bad = (
        Example(
            """
            from urllib.parse import urlsplit

            import httpx2
            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            KNOWN = {"images.example", "cdn.example"}


            @app.get("/image")
            def image(url: str) -> int:
                if urlsplit(url).hostname not in KNOWN:
                    raise HTTPException(422)
                return len(httpx2.get(url, follow_redirects=True).content)
            """,
            line=14,
        ),
        Example(
            """
            from urllib.parse import urlparse

            import httpx2
            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()
            client = httpx2.Client(follow_redirects=True)


            @app.get("/title")
            async def title(request: Request) -> int:
                page = request.query_params["page"]
                if urlparse(page).hostname != "pages.example":
                    raise HTTPException(422)
                return client.get(page).status_code
            """,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            from fetching import fetched

            app = FastAPI()


            class Feed(BaseModel):
                address: str


            @app.post("/feeds")
            def feed(body: Feed) -> int:
                return fetched(body.address)
            """,
            files={
                "fetching.py": """
                from urllib.parse import urlparse

                import requests

                HOSTS = ("feeds.example", "news.example")


                def fetched(address: str) -> int:
                    if urlparse(address).netloc not in HOSTS:
                        raise ValueError("not a known feed")
                    return len(requests.get(address, timeout=5, allow_redirects=True).text)
                """,
            },
        ),
    )
    good = (
        Example(
            """
            from urllib.parse import urlsplit

            import httpx2
            import requests
            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            KNOWN = {"images.example", "cdn.example"}


            @app.get("/image")
            def image(url: str) -> int:
                if urlsplit(url).hostname not in KNOWN:
                    raise HTTPException(422)
                requests.get(url, timeout=5, allow_redirects=False)
                return len(httpx2.get(url).content)
            """,
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI

            app = FastAPI()
            FEEDS = {"news": "https://news.example/feed", "sport": "https://sport.example/feed"}


            @app.get("/feeds/{name}")
            def feed(name: str, page: int = 1) -> str:
                httpx2.get(f"https://news.example/pages/{page}", follow_redirects=True)
                return httpx2.get(FEEDS[name], follow_redirects=True).text
            """,
        ),
        Example(
            """
            import httpx2
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/search")
            def search(q: str) -> str:
                return httpx2.get("https://search.example/", params={"q": q}, follow_redirects=True).text
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that was checked and decides the host, and a client that follows redirects."""
        checked = tuple(t for t in flow.all_taints if flow.is_clean(t))
        whole = any(len(text) == 1 and not isinstance(text[0], str) for text in flow.texts)
        if flow.taints or not checked or not whole or not _follows(flow):
            return None
        return told(flow, "was checked, but not the address that it redirects to.", checked)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Redirects are not followed."""
        for call in draft.calls_at(finding):
            for option in _OPTIONS:
                if constant_truth(draft.index, argument(call, option)) is True:
                    draft.set_keyword(call, option, "False")
                    return draft.repair(
                        "does not follow redirects",
                        safe=False,
                        changes="answers that redirect are handed on as they are",
                    )
        return None


def _follows(flow: Flow) -> bool:
    for option in _OPTIONS:
        given = flow.other(-1, option)
        if given is not None:
            return truth(given) is True
    for thing in things(flow.receiver, External):
        given = thing.named.get("follow_redirects")
        if given is not None:
            return truth(given) is True
    return False
