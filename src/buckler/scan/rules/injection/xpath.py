"""INJ020: input that becomes part of an XPath expression."""

from __future__ import annotations

import ast
import re

from buckler.core.errors import UnreadableText
from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import last
from buckler.scan.rules._support.flows import has, told
from buckler.scan.rules.injection._fixes.pieces import Letter, Pieces, Value, pieces_of

_REMOVED = {"'": "single_quote", '"': "double_quote"}


class XPathInjection(Rule):
    """Input is pasted into an XPath expression.

    ## What it is
    An expression such as ``//user[@name='…']`` is put together as text, and part of it comes from the
    request. A quote ends the literal; the rest is read as a part of the expression.

    ## Why it matters
    ``' or '1'='1`` makes a condition always true: a sign-in against an XML file passes, and every
    node of the document can be read, letter by letter where need be.

    ## How to fix
    lxml takes variables: ``tree.xpath("//user[@name=$name]", name=name)``. ElementTree has none: find
    all candidates with a constant path and compare in Python. XPath has no escape for quotes.

    ## How to check
    Search for ``' or '1'='1``: nothing may be found.

    ## Roll-out
    Variables change no result for ordinary values.

    ## References
    CWE-643; OWASP A05:2025 Injection; ASVS 5.0 V1.2.7.
    """

    id = "INJ020"
    name = "xpath-injection"
    title = "XPath injection"
    severity = Severity.HIGH
    cwe = (643,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.7",)
    flows = Flows(
        "xpath",
        """
        lxml.etree.Element.{xpath,find,findall,findtext,iterfind}(0,_path,path) lxml.etree.{XPath,ETXPath}(0,path)
        lxml.etree.XPathEvaluator.__call__(0) lxml.html.Element.xpath(0,_path)
        xml.etree.ElementTree.Element.{find,findall,findtext,iterfind}(0,path)
        parsel.Selector.xpath(0,query) elementpath.select(1,path) elementpath.iter_select(1,path)
        *.xpath(0)
        """,
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        'pass it as a variable: tree.xpath("//user[@name=$name]", name=name)',
        before="tree.xpath(f\"//user[@name='{name}']\")",
        after='tree.xpath("//user[@name=$name]", name=name)',
        safe=True,
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from lxml import etree

            app = FastAPI()
            BOOKS = etree.parse("books.xml")


            @app.get("/books")
            def books(author: str) -> list[str]:
                found = BOOKS.xpath(f"//book[author='{author}']/title/text()")
                return [str(title) for title in found]
            """,
            line=10,
        ),
        Example(
            """
            from fastapi import Depends, FastAPI, Header

            from catalogue import Catalogue

            app = FastAPI()


            @app.get("/stock")
            def stock(x_article: str = Header(), catalogue: Catalogue = Depends()) -> int:
                return catalogue.stock(x_article)
            """,
            files={
                "catalogue.py": """
                import xml.etree.ElementTree as ET

                PATH = "./article[@code='{}']/stock"


                class Catalogue:
                    def __init__(self) -> None:
                        self.root = ET.parse("catalogue.xml").getroot()

                    def stock(self, code: str) -> int:
                        found = self.root.findtext(PATH.format(code))
                        return int(found or 0)
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI
            from lxml import etree

            app = FastAPI()


            @app.get("/rooms")
            def rooms(floor: str, kind: str = "office") -> int:
                quoted = kind.replace('"', "")
                search = etree.XPath("//room[@floor=" + floor + "][@kind='" + quoted + "']")
                return len(search(etree.parse("rooms.xml")))
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from lxml import etree

            app = FastAPI()
            BOOKS = etree.parse("books.xml")
            BY_YEAR = etree.XPath("//book[@year=$year]/title/text()")


            @app.get("/books")
            def books(author: str, year: int) -> list[str]:
                found = BOOKS.xpath("//book[author=$author]/title/text()", author=author)
                found += BOOKS.xpath(f"//book[@year={year}]/title/text()")
                return [str(title) for title in [*found, *BY_YEAR(BOOKS, year=str(year))]]
            """,
        ),
        Example(
            """
            import xml.etree.ElementTree as ET

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            ROOT = ET.parse("catalogue.xml").getroot()
            PARTS = {"price": "./price", "stock": "./stock"}


            @app.get("/articles/{code}/{part}")
            def article(code: str, part: str) -> str | None:
                if not code.isalnum():
                    raise HTTPException(422)
                found = ROOT.find(f"./article[@code='{code}']")
                return None if found is None else found.findtext(PARTS[part])
            """,
        ),
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/texts")
            def texts(word: str) -> int:
                return "one word of many".find(f"[{word}]")
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input in an expression; variables are other arguments."""
        dirty = []
        for before, taints, _ in flow.places():
            if flow.call.startswith("*.") and not re.search(r"[/\[@]", before):
                continue
            literal = _REMOVED.get(_open_quote(before), "")
            dirty += [t for t in taints if not (literal and has(flow, t, literal))]
        if not dirty:
            return None
        return told(
            flow,
            "becomes part of an XPath expression: quotes and brackets in it are read.",
            tuple(dirty),
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """Values in quotes as variables, where lxml is asked."""
        for call in draft.calls_at(finding):
            if last(call.func) != "xpath" or len(call.args) != 1:
                continue
            names = _as_variables(draft, call)
            if names:
                return draft.repair(f"passes {', '.join(names)} as a variable")
        return None


def _open_quote(before: str) -> str:
    """The quote of the literal that a text ends in, or nothing."""
    opened = ""
    for letter in before:
        if letter == opened:
            opened = ""
        elif letter in "'\"" and not opened:
            opened = letter
    return opened


def _as_variables(draft: Draft, call: ast.Call) -> list[str]:
    """Make variables of the values of an f-string; all of them or none."""
    try:
        pieces = pieces_of(draft, call.args[0])
    except UnreadableText:
        return []
    if pieces.how != "f" or not pieces.values or len(pieces.tokens) != 1:
        return []
    taken = {k.arg for k in call.keywords}
    made: list[tuple[Letter, Letter, str, str]] = []
    for value in pieces.values:
        around = _quotes_around(pieces, value)
        node = ast.parse(value.source, mode="eval").body
        name = last(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if around is None or not name or name in taken or not value.plain:
            return []
        taken.add(name)
        made.append((*around, name, value.source))
    if any(isinstance(part, Letter) and part.text in "{}\\" for part in pieces.parts):
        return []
    for opening, closing, name, source in made:
        draft.edit(opening.start, closing.end, f"${name}")
        draft.set_keyword(call, name, source)
    token = pieces.tokens[0]
    draft.edit(
        token.start,
        token.start + len(token.prefix),
        token.prefix.replace("f", "").replace("F", ""),
    )
    return [name for _, _, name, _ in made]


def _quotes_around(pieces: Pieces, value: Value) -> tuple[Letter, Letter] | None:
    at = next(n for n, part in enumerate(pieces.parts) if part is value)
    sides = pieces.parts[at - 1 : at + 2 : 2] if at else []
    if len(sides) != 2:
        return None
    one, other = sides
    if not isinstance(one, Letter) or not isinstance(other, Letter):
        return None
    return (one, other) if one.text == other.text and one.text in "'\"" else None
