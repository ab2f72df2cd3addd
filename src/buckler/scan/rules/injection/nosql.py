"""INJ018: input that becomes part of a query of MongoDB."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages import javascript
from buckler.scan.languages.mongo import is_expression, is_operator, is_pattern, is_script
from buckler.scan.rules._support.flow_documents import pattern_text, reaches_operators, where_text
from buckler.scan.rules._support.flows import told
from buckler.scan.rules.injection._fixes.equals import compared_as_values

OPERATOR = "$ne"
FILTERS = frozenset(
    {"filter", "filters", "where", "criteria", "selector", "conditions", "pipeline"}
)
"""Names of inputs that are parsed before they reach a query, where a bare word gets no further."""


class NoSqlInjection(Rule):
    """Input decides what a query of MongoDB means, not only which values it compares.

    ## What it is
    A filter is a document, and a name in it that begins with ``$`` is an operator. Where a value is
    taken from JSON as it comes, or a parser makes ``user[$ne]=`` an object, the request sends an
    operator in place of a value. Text that is put into ``$where``, a ``$regex``, a field's name or
    an aggregation expression is read as code, as a pattern or as a field.

    ## Why it matters
    ``{"password": {"$ne": ""}}`` fits every account, so a sign-in passes without a password. In the
    same way a filter by owner is widened to all owners, secrets are guessed letter by letter with
    ``$regex``, and JavaScript in ``$where`` keeps the server busy.

    ## How to fix
    Declare the type: a Pydantic model with ``email: str`` lets no object through. Elsewhere convert
    (``str(value)``), or compare explicitly: ``{"email": {"$eq": value}}``. ``re.escape`` what is searched
    for. Take names of fields from a dictionary of allowed ones. Do without ``$where``; the server has
    ``security.javascriptEnabled: false`` for that.
    ``buckler.guard.StrictModel`` is such a model.

    ## How to check
    Send ``{"$ne": ""}`` in place of each text: the answer must be 422, or that of a value that fits
    nothing. ``buckler replay`` sends the proof again.

    ## Roll-out
    Look out for clients that send operators on purpose, such as a search form that builds filters:
    they need an interface of their own, with the fields and comparisons that are allowed.

    ## References
    CWE-943; OWASP API8:2023, A05:2025 Injection; ASVS 5.0 V1.2.4.
    """

    id = "INJ018"
    name = "nosql-injection"
    title = "NoSQL injection"
    severity = Severity.HIGH
    cwe = (943,)
    owasp = ("API8:2023", "A03:2021", "A05:2025")
    asvs = ("V1.2.4",)
    control = "guard.StrictModel"
    sinks = ("nosql",)
    flows = Flows(
        "nosql",
        """
        pymongo.Collection.{find,find_one,find_one_and_update,find_one_and_delete,find_one_and_replace,update_one,update_many,delete_one,delete_many,replace_one,count_documents,distinct}(0,filter)
        pymongo.Collection.aggregate(0,pipeline) pymongo.Database.command(0)
        *.{find_one,find,find_one_and_update,find_one_and_delete,update_one,update_many,delete_one,delete_many,count_documents}(0,filter)
        """,
        sanitizers="builtins.str bson.ObjectId code:json.dumps",
    )
    fix = Fix(
        "declare the type, or compare explicitly: {'email': {'$eq': value}}",
        before='people.find_one({"email": body["email"]})',
        after='people.find_one({"email": {"$eq": body["email"]}})',
        safe=True,
    )
    bad = (
        Example(
            """
            from typing import Any

            from fastapi import FastAPI, HTTPException, Request
            from pymongo import MongoClient

            app = FastAPI()
            people = MongoClient("mongodb://shop:anchor@db.internal/shop")["shop"]["people"]


            @app.post("/sign-in")
            async def sign_in(request: Request) -> dict[str, str]:
                body = await request.json()
                found = people.find_one({"name": body["name"], "pin": body["pin"]})
                if found is None:
                    raise HTTPException(401)
                return {"name": found["name"]}


            @app.get("/people")
            def search(q: str = "") -> list[str]:
                return [one["name"] for one in people.find({"$where": f"this.name == '{q}'"})]
            """,
        ),
    )
    good = (
        Example(
            """
            import re
            from typing import Any

            from fastapi import FastAPI, HTTPException, Request
            from pydantic import BaseModel
            from pymongo import MongoClient

            app = FastAPI()
            people = MongoClient("mongodb://shop:anchor@db.internal/shop")["shop"]["people"]


            class Named(BaseModel):
                name: str


            @app.post("/find")
            def find(named: Named) -> int:
                return people.count_documents({"name": named.name})


            @app.post("/count")
            async def count(request: Request) -> int:
                body = await request.json()
                return people.count_documents({"name": {"$eq": body["name"]}, "town": str(body["town"])})


            @app.get("/people")
            def search(q: str = "") -> list[str]:
                return [one["name"] for one in people.find({"name": {"$regex": re.escape(q)}})]
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that may be an object with operators, or text that the database runs."""
        if not flow.all_taints:
            return None
        if where_text(flow):
            return told(flow, "becomes part of JavaScript that the database runs.")
        if pattern_text(flow.value, flow):
            return told(flow, "becomes a pattern ($regex) as it comes.")
        if not flow.taints or not reaches_operators(flow):
            return None
        if flow.call.startswith("*.") and not flow.elements and not flow.value.taints:
            return None
        return told(flow, "may be an object of operators ($ne, $gt), which the query follows.")

    def likes(self, slot: Slot) -> bool:
        """Whether a slot takes an object, or is called as filters are that are parsed first."""
        return slot.schema.get("type") == "object" or slot.leaf.lower() in FILTERS

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """An operator in place of a value, then ways out of what texts are put into."""
        canary = mint()
        yield Payload(canary.text, canary, "an operator in place of a value", key=OPERATOR)
        canary = mint()
        parsed = f'{{"sample": {{"{OPERATOR}": "{canary}"}}}}'
        yield Payload(parsed, canary, "a filter that is parsed", raw=True)
        canary = mint()
        yield Payload(f"${canary}", canary, "the name of an operator or a field", raw=True)
        for before, after, note in (
            ("1 || ", "", "follows a bare value of JavaScript"),
            ("sample' || ", " || '", "closes a text of JavaScript"),
            ('sample" || ', ' || "', "closes a double-quoted text of JavaScript"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, note, raw=True)
        canary = mint()
        yield Payload(f"{canary}|.", canary, "a pattern that fits everything", raw=True)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """What the place means at which the canary arrived."""
        found = [_judged(way, text, probe.payload) for way, text in _places(hit)]
        return next((verdict for verdict in found if verdict is not None), None)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``$eq`` around what comes from the body, so that it is a value whatever it is."""
        for call in draft.calls_at(finding):
            if compared_as_values(draft, call):
                return draft.repair("compares what comes from the body as a value, by $eq")
        return None


def _places(hit: Hit) -> list[tuple[list[Any], str]]:
    """The ways to the canaries, as the agent tells them; what has another form is left out."""
    told = hit.more.get("places")
    pairs = (
        [p for p in told if isinstance(p, list) and len(p) == 2] if isinstance(told, list) else []
    )
    return [(way, text) for way, text in pairs if isinstance(way, list) and isinstance(text, str)]


def _judged(way: list[Any], text: str, payload: Payload) -> Verdict | None:
    canary = payload.canary.text
    if text == canary and way[-1:] == [OPERATOR] and is_operator(way):
        return Verdict(
            "The request puts an operator where the query has a value.",
            mark=f'"{OPERATOR}": "{text}"',
        )
    if is_script(way) and javascript.stands_outside(text, canary):
        return Verdict(
            "Text from the request is read as JavaScript by the database.",
            mark=canary,
            severity=Severity.CRITICAL,
        )
    if text == f"${canary}" and way[-1] == text and is_operator(way):
        return Verdict("The request names the operator of a query.", mark=text)
    if text.startswith("$") and text.endswith(f"${canary}") and is_expression(way):
        return Verdict(
            "Text from the request is read as a field's name in an expression.", mark=text
        )
    if is_pattern(way) and str(payload.value) in text and "|" in str(payload.value):
        return Verdict(
            "Text from the request is read as a regular expression by the database.",
            mark=str(payload.value),
            severity=Severity.MEDIUM,
        )
    return None
