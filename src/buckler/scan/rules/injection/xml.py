"""INJ014: XML from input that may name files."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.rules._support.flow_xml import follows_entities
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.entities import entities_off, internal_only


class XmlExternalEntities(Rule):
    """XML from the request is read by a parser that follows external entities.

    ## What it is
    ``<!ENTITY x SYSTEM "file:///etc/passwd">`` tells the parser to put a file in place of ``&x;``.
    lxml does so with ``resolve_entities=True``, SAX with ``feature_external_ges``.

    ## Why it matters
    The answer shows files of the server, or the parser calls addresses inside the network.

    ## How to fix
    ``defusedxml`` for the standard parsers; for lxml
    ``XMLParser(resolve_entities=False, no_network=True)``.

    ## How to check
    Send a document with an entity that names a file: it must come back empty or be refused.

    ## Roll-out
    Documents that rely on a DTD need it at hand, not from the sender.

    ## References
    CWE-611; OWASP A02:2025 Security Misconfiguration; ASVS 5.0 V1.5.1.
    """

    id = "INJ014"
    name = "xml-external-entities"
    title = "XML external entities"
    severity = Severity.HIGH
    cwe = (611,)
    owasp = ("A05:2021", "A02:2025")
    asvs = ("V1.5.1",)
    sinks = ("xml", "open")
    flows = Flows(
        "xml",
        """
        lxml.etree.{fromstring,XML,parse,iterparse}(0,text,source) lxml.objectify.{fromstring,parse}(0) lxml.etree.XMLParser.feed(0)
        xml.sax.{parse,parseString,Parser.parse}(0) xml.dom.pulldom.{parse,parseString}(0)
        """,
        sources=DIRECT | ANSWERS,
    )
    lead = 1
    fix = Fix(
        "do not resolve entities: use defusedxml, or XMLParser(resolve_entities=False)",
        before="parser.setFeature(feature_external_ges, True)",
        after="parser.setFeature(feature_external_ges, False)",
        safe=True,
    )
    bad = (
        Example(
            """
            import io
            import xml.sax
            from xml.sax.handler import ContentHandler, feature_external_ges

            from fastapi import FastAPI, Request

            app = FastAPI()


            class Text(ContentHandler):
                def __init__(self) -> None:
                    super().__init__()
                    self.text = ""

                def characters(self, content: str) -> None:
                    self.text += content


            @app.post("/feed")
            async def feed(request: Request) -> dict[str, str]:
                handler = Text()
                parser = xml.sax.make_parser()
                parser.setFeature(feature_external_ges, True)
                parser.setContentHandler(handler)
                try:
                    parser.parse(io.BytesIO(await request.body()))
                except xml.sax.SAXException:
                    return {"text": ""}
                return {"text": handler.text}
            """,
        ),
    )
    good = (
        Example(
            """
            import xml.etree.ElementTree as ElementTree

            from fastapi import FastAPI, HTTPException, Request

            app = FastAPI()


            @app.post("/feed")
            async def feed(request: Request) -> dict[str, str]:
                try:
                    root = ElementTree.fromstring(await request.body())
                except ElementTree.ParseError as error:
                    raise HTTPException(422) from error
                return {"text": root.text or ""}
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that is parsed by a parser that follows entities."""
        if not flow.taints or not follows_entities(flow):
            return None
        return told(flow, "is parsed as XML by a parser that resolves external entities.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A document whose entity names a planted file."""
        canary = mint()
        text = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{canary.plant}">]><r>&x;</r>'
        yield Payload(text, canary, "an entity that names a file", raw=True)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The parser went to the file that the entity names, and to nothing longer."""
        if hit.sink == "open" and hit.text.removeprefix("file://") != probe.payload.canary.plant:
            return None
        return Verdict(
            "The XML parser follows an entity of the request to a file.",
            mark=probe.payload.canary.text,
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A parser that resolves no entities."""
        for call in draft.calls_at(finding):
            if internal_only(draft, call):
                return draft.repair("resolves no entities that name files or addresses")
            if entities_off(draft, call):
                return draft.repair(
                    "resolves no entities",
                    safe=False,
                    changes="documents that declare entities of their own are read without them",
                )
        return None
