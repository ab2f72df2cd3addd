"""INJ017: links that are made from the Host header."""

from __future__ import annotations

import re
from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Location, Severity
from buckler.core.redact import Redactor
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.attack import proofs
from buckler.scan.engines.interface import Observations, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.engines.source.flow.objects import deep_taints
from buckler.scan.engines.source.flow.values import texts_of
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.flows import told

_SECRET = re.compile(
    r"[?&](token|code|key|secret|signature|otp)=|/(reset|magic|invite)", re.IGNORECASE
)


class HostHeaderLink(Rule):
    """Links are made from the Host header, which the sender of the request chooses.

    ## What it is
    ``request.base_url``, ``request.url`` and ``url_for`` take the host from the request. A link made
    with them for a mail, or stored for later, leads wherever the sender said.

    ## Why it matters
    Somebody asks for a new password in another's name, with their own Host header: the mail
    that goes out leads the victim, with the token in it, to the sender's site.

    ## How to fix
    Keep the public address in the settings and make links from it. ``TrustedHostMiddleware`` with
    the real names refuses other hosts for the whole application.
    So does ``Guard(app, hosts=[…])`` of ``buckler.guard``.

    ## How to check
    ``curl -H 'Host: example.org'``: no link of the answer may lead there.

    ## Roll-out
    Every environment needs its own address in its settings.

    ## References
    CWE-640, CWE-644; OWASP A07:2025; ASVS 5.0 V4.1.3.
    """

    id = "INJ017"
    name = "host-header-link"
    title = "Links made from the Host header"
    severity = Severity.MEDIUM
    cwe = (640, 644)
    owasp = ("API2:2023", "A07:2021", "A07:2025")
    asvs = ("V4.1.3",)
    control = "guard.TrustedHosts"
    flows = Flows(
        "hostlink",
        """
        smtplib.SMTP.{sendmail,send_message}(*) email.message.EmailMessage.set_content(0) email.mime.text.MIMEText(0)
        email.mime.{text.MIMEText,nonmultipart.MIMENonMultipart}(0) email.message.EmailMessage.{add_alternative,set_payload,add_attachment}(0)
        aiosmtplib.{send,SMTP.send_message,SMTP.sendmail}(*) fastapi_mail.MessageSchema(body,html,template_body) sendgrid.helpers.mail.Mail(*) resend.Emails.send(0)
        django.core.mail.{send_mail,send_mass_mail,EmailMessage,EmailMultiAlternatives}(*) flask_mail.Message(*) postmarker.core.PostmarkClient.emails.send(*)
        boto3.Client.{send_email,send_raw_email,send_templated_email}(*) twilio.rest.Client.messages.create(body)
        web.link(0) web.answer(0) starlette.responses.{JSONResponse,RedirectResponse}(0:content,url)
        *.{send_mail,send_email,send_message,send_reset,send_link,mail}(*)
        """,
        sources=frozenset({"host"}),
    )
    fix = Fix(
        "make links from a configured address",
        before='link = f"{request.base_url}reset?token={token}"',
        after='link = f"{settings.public_url}/reset?token={token}"',
    )
    bad = (
        Example(
            """
            import secrets

            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/invite")
            async def invite(request: Request) -> dict[str, str]:
                return {"link": f"{request.base_url}join?code={secrets.token_urlsafe(16)}"}
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Request

            from post import Post

            app = FastAPI()
            post = Post("localhost")


            @app.post("/join")
            async def join(request: Request) -> dict[str, str]:
                link = request.url_for("confirm", code="c0de")
                post.letter(str(link))
                return {"link": f"{link}"}


            @app.get("/confirm/{code}", name="confirm")
            async def confirm(code: str) -> str:
                return code
            """,
            files={
                "post.py": """
                import smtplib


                class Post:
                    def __init__(self, host: str) -> None:
                        self.host = host

                    def letter(self, link: str) -> None:
                        try:
                            with smtplib.SMTP(self.host, 1) as server:
                                server.sendmail("a@shop.example", "b@shop.example", f"Subject: Join\\n\\n{link}")
                        except OSError:
                            return
                """,
            },
        ),
        Example(
            """
            import secrets

            from fastapi import FastAPI, Request

            app = FastAPI()
            WAITING: list[dict[str, str]] = []


            @app.get("/seat", name="seat")
            def seat(token: str) -> int:
                return len(token)


            @app.post("/lost", status_code=202)
            def lost(request: Request, whom: str) -> bool:
                link = request.url_for("seat").include_query_params(token=secrets.token_urlsafe(24))
                WAITING.append({"to": whom, "text": f"Your seat: {link}"})
                return True


            @app.post("/lost/again", status_code=202)
            def again(request: Request, whom: str) -> bool:
                link = request.url_for("seat").replace(query=f"token={secrets.token_urlsafe(24)}")
                WAITING.append({"to": whom, "text": f"Your seat, again: {link}"})
                return True
            """,
        ),
    )
    good = (
        Example(
            """
            import secrets

            from fastapi import FastAPI, Request

            app = FastAPI()
            PUBLIC_URL = "https://shop.example"


            @app.post("/invite")
            async def invite(request: Request) -> dict[str, str]:
                return {"link": f"{PUBLIC_URL}/join?code={secrets.token_urlsafe(16)}", "from": request.url.path}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """A message that is built from the Host header."""
        if not flow.taints:
            return None
        if flow.call.startswith(("web.link", "web.answer", "starlette.responses.")):
            return _secret_link(flow)
        return told(
            flow,
            "becomes part of a message's text: whoever asks for it decides where its links lead.",
        )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """A host that nobody owns came out of the answer, or reached a mail or a log."""
        for host, exchange in seen.hosts:
            operation = exchange.operation
            answer = exchange.answer
            location = answer.header("location") or ""
            hits = [h for h in answer.hits if h.sink in ("store", "mail") and host in h.text]
            if operation is None or not (
                f"://{host}" in answer.text or f"://{host}" in location or hits
            ):
                continue
            made = next(
                (
                    h.frames[0]
                    for h in answer.hits
                    if h.sink == "response" and host in h.text and h.frames
                ),
                None,
            )
            place = operation.place
            path, line = (
                (made[0], made[1]) if made else (place.path, place.line) if place else (None, None)
            )
            noted = next((h.frames[0] for h in answer.hits if h.sink == "host" and h.frames), None)
            path, line = (noted[0], noted[1]) if noted else (path, line)
            yield self.found(
                "A link of the answer leads to the host that the request named.",
                confidence=Confidence.PROVED,
                location=Location(path, line, operation.key, "header:host"),
                proof=(proofs.exchange(exchange, Redactor(), mark=host),),
            )


def _secret_link(flow: Flow) -> Verdict | None:
    """A link of an answer: a cache may keep it for others, which matters where it holds a secret."""
    for value in deep_taints(flow.value):
        for text in texts_of(value):
            constant = "".join(part for part in text if isinstance(part, str))
            dirty = [t for part in text if not isinstance(part, str) for t in part]
            if _SECRET.search(constant) and any(t in flow.taints for t in dirty):
                return told(
                    flow,
                    "becomes part of a link with a secret in it: caches and whoever forwards it follow it.",
                )
    return None
