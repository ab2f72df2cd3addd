"""INJ022: input in the headers of a mail that is put together as text."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.values import Taint
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flow_lines import ends_removed
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.mail_head import head_on_its_lines


class EmailHeaderInjection(Rule):
    """Input becomes part of a mail's headers, line ends and all.

    ## What it is
    A mail is put together as one text: ``f"Subject: {subject}\\n\\n{body}"``. A line end in the subject begins
    another header, an empty line the body.

    ## Why it matters
    ``Bcc:`` with a thousand addresses makes your server send somebody's advertising; a body of their own in
    your name is a phishing mail that passes every check.

    ## How to fix
    ``EmailMessage`` of the standard library refuses line ends in headers: ``message["Subject"] = subject``, then
    ``set_content`` and ``send_message``.

    ## How to check
    Send ``x%0aBcc:%20you@example.org`` as the subject: no second mail may arrive.

    ## Roll-out
    ``EmailMessage`` raises for a line end; answer 422 where the subject comes in.

    ## References
    CWE-93; RFC 5322 section 2.2; OWASP A05:2025 Injection; ASVS 5.0 V1.3.11.
    """

    id = "INJ022"
    name = "email-header-injection"
    title = "E-mail header injection"
    severity = Severity.MEDIUM
    cwe = (93, 20)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.3.11",)
    flows = Flows(
        "mail",
        """
        smtplib.SMTP.sendmail(2,msg) aiosmtplib.SMTP.sendmail(2,message) email.{message_from_string,message_from_bytes}(0)
        email.parser.{Parser,HeaderParser}.parsestr(0) boto3.Client.send_raw_email(RawMessage)
        """,
        sources=DIRECT | STORED,
    )
    fix = Fix(
        'let EmailMessage make the headers: message["Subject"] = subject',
        before='server.sendmail(sender, [to], f"Subject: {subject}\\n\\n{body}")',
        after='message = EmailMessage()\nmessage["Subject"] = subject\nmessage.set_content(body)\nserver.send_message(message)',
        safe=True,
    )
    bad = (
        Example(
            """
            import smtplib

            from fastapi import FastAPI, Form

            app = FastAPI()


            @app.post("/contact")
            def contact(subject: str = Form(), text: str = Form()) -> str:
                with smtplib.SMTP("localhost") as server:
                    server.sendmail("web@firm.example", ["desk@firm.example"], f"Subject: {subject}\\n\\n{text}")
                return "sent"
            """,
            line=11,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel

            from post import Letter

            app = FastAPI()


            class Question(BaseModel):
                reply_to: str
                text: str


            @app.post("/questions")
            def question(body: Question) -> str:
                Letter(body.reply_to).send(body.text)
                return "sent"
            """,
            files={
                "post.py": """
                import smtplib

                HEAD = "From: web@firm.example\\r\\nReply-To: {reply}\\r\\nSubject: Question\\r\\n"


                class Letter:
                    def __init__(self, reply: str) -> None:
                        self.head = HEAD.format(reply=reply)

                    def send(self, text: str) -> None:
                        server = smtplib.SMTP("localhost")
                        server.sendmail("web@firm.example", "desk@firm.example", self.head + "\\r\\n" + text)
                """,
            },
        ),
        Example(
            """
            import email
            import smtplib

            from fastapi import FastAPI, Request

            app = FastAPI()


            @app.post("/invite/{name}")
            async def invite(request: Request, name: str) -> str:
                form = await request.form()
                to = form["to"]
                message = email.message_from_string("To: %s\\nSubject: Join us\\n\\n%s invites you" % (to, name))
                smtplib.SMTP("localhost").send_message(message)
                return "sent"
            """,
        ),
    )
    good = (
        Example(
            """
            import smtplib
            from email.message import EmailMessage

            from fastapi import FastAPI, Form

            app = FastAPI()


            @app.post("/contact")
            def contact(subject: str = Form(), text: str = Form()) -> str:
                message = EmailMessage()
                message["Subject"] = subject
                message["To"] = "desk@firm.example"
                message.set_content(text)
                with smtplib.SMTP("localhost") as server:
                    server.send_message(message)
                return "sent"
            """,
        ),
        Example(
            """
            import smtplib

            from fastapi import FastAPI, Form

            app = FastAPI()


            @app.post("/contact")
            def contact(text: str = Form(), number: int = Form()) -> str:
                with smtplib.SMTP("localhost") as server:
                    server.sendmail("web@firm.example", ["desk@firm.example"], f"Subject: No. {number}\\n\\n{text}")
                return "sent"
            """,
        ),
        Example(
            """
            import smtplib

            from fastapi import FastAPI, Form, HTTPException

            app = FastAPI()


            @app.post("/contact")
            def contact(subject: str = Form(), text: str = Form()) -> str:
                if "\\n" in subject or "\\r" in subject:
                    raise HTTPException(422)
                with smtplib.SMTP("localhost") as server:
                    server.sendmail("web@firm.example", ["desk@firm.example"], f"Subject: {subject}\\n\\n{text}")
                return "sent"
            """,
        ),
    )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The values of headers on one line, where the message is put together beside the call."""
        for call in draft.calls_at(finding):
            if head_on_its_lines(draft, call):
                return draft.repair("keeps the values of headers on one line")
        return None

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input before the empty line that ends the headers."""
        dirty: list[Taint] = []
        for before, taints, _ in flow.places():
            head = before.replace("\r\n", "\n")
            if head and "\n\n" not in head:
                dirty += [t for t in taints if not ends_removed(flow, t)]
        if not dirty:
            return None
        return told(
            flow,
            "becomes part of a mail's headers: a line end in it begins another header, or the text.",
            tuple(dirty),
        )
