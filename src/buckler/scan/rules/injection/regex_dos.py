"""INJ016: regular expressions that can be made to run for minutes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.engines.source.flow.objects import External, things
from buckler.scan.engines.source.flow.values import Taints, one_text
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.languages.regex import is_exponential
from buckler.scan.languages.regex_polynomial import is_polynomial
from buckler.scan.python.constants import text
from buckler.scan.python.index import Index, index_of
from buckler.scan.rules._support.flows import has, told
from buckler.scan.rules._support.source import here
from buckler.scan.rules.injection._fixes.one_way import call_in_one_way, stripped, write_one_way

_FLAGS = {
    name: int(getattr(re, name))
    for name in ("I", "IGNORECASE", "S", "DOTALL", "M", "MULTILINE", "A", "ASCII", "X", "VERBOSE")
}
EXPONENTIAL, QUADRATIC = 24, 2048
"""Up to which length a pattern of either kind does no harm."""


class RegexDenialOfService(Rule):
    """A regular expression takes twice as long for each letter more, or comes with the request.

    ## What it is
    A part that repeats holds another that repeats, ``(\\w+\\s?)+``, or alternatives that match the same,
    so that one text can be taken apart in many ways. When the rest does not match, Python's ``re`` tries
    them all. Two parts that read the same, one behind the other (``\\s*(.*?)\\s*$``, or any ``\\s+$`` that is
    searched for), take time that grows with the square of the length. A pattern of the request may be either.

    ## Why it matters
    Thirty letters keep a worker busy for minutes, a few such requests all of them. Python holds its lock
    meanwhile, so no other thread runs either.

    ## How to fix
    Write it so that there is one way only: ``\\w+(?:\\s\\w+)*`` instead of ``(\\w+\\s?)+``; or take possessive
    quantifiers, ``(?>\\w+\\s?)+`` (Python 3.11). Pydantic's ``pattern=`` takes linear time as long as
    ``regex_engine`` is left alone, and so does google-re2. Limit the length first.

    ## How to check
    Time it with 20, 22 and 24 letters that almost match: the time must not grow by a factor of four.

    ## Roll-out
    Compare both expressions over real values before you change one.

    ## References
    CWE-1333; OWASP API4:2023; ASVS 5.0 V1.3.12.
    """

    id = "INJ016"
    name = "regex-denial-of-service"
    title = "Regular expression that can be made slow"
    severity = Severity.MEDIUM
    cwe = (1333, 400)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V1.3.12",)
    flows = Flows(
        "regex",
        """
        re.{match,fullmatch,search,findall,finditer,split}(0:pattern,1:string) re.{sub,subn}(0:pattern,2:string) re.compile(0:pattern)
        re.Pattern.{match,fullmatch,search,findall,finditer,split}(0:string) re.Pattern.{sub,subn}(1:string)
        """,
        sanitizers="re.escape",
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        "leave one way only: ^\\w+(?:\\s\\w+)*$",
        before='re.match(r"^(\\w+\\s?)+$", value)',
        after='re.match(r"^\\w+(?:\\s\\w+)*$", value)',
        safe=True,
    )
    bad = (
        Example(
            """
            import re

            from fastapi import FastAPI
            from pydantic import BaseModel, field_validator

            app = FastAPI()
            ADDRESS = re.compile(r"^([a-z0-9]+[._-]?)+@shop[.]example$", re.I)


            class Letter(BaseModel):
                email: str

                @field_validator("email")
                @classmethod
                def known(cls, value: str) -> str:
                    return value.lower() if ADDRESS.match(value) else value


            @app.post("/letters")
            def letter(payload: Letter) -> str:
                return payload.email
            """,
        ),
        Example(
            """
            import re

            from fastapi import FastAPI
            from pydantic import BaseModel, ConfigDict, Field

            app = FastAPI()


            class Title(BaseModel):
                model_config = ConfigDict(regex_engine="python-re")

                text: str = Field(pattern=r"^(?:[a-z]+|[a-z]+-)*$")


            @app.post("/titles")
            def title(payload: Title, words: str = "") -> bool:
                return re.fullmatch(r"(\\w+\\s?)*", words) is not None
            """,
        ),
        Example(
            """
            from fastapi import FastAPI, Form

            from cleaning import cleaned, found

            app = FastAPI()


            @app.post("/notes")
            def note(text: str = Form(), mark: str = Form("")) -> int:
                return len(cleaned(text)) + found(mark, text)
            """,
            files={
                "cleaning.py": """
                import re

                END = re.compile(r"[\\s.]+$")


                def cleaned(text: str) -> str:
                    return END.sub("", text)


                def found(mark: str, text: str) -> int:
                    return len(re.findall(mark, text))
                """,
            },
        ),
    )
    good = (
        Example(
            """
            import re

            from fastapi import FastAPI
            from pydantic import BaseModel, Field

            app = FastAPI()
            HOST = re.compile(r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z]{2,}$")
            WORDS = re.compile(r"^\\w+(?:\\s\\w+)*$")
            QUOTED = re.compile(r'^"(?:[^"]|"")*"$')


            class Title(BaseModel):
                text: str = Field(pattern=r"^(?:[a-z]+|[a-z]+-)*$", max_length=100)


            @app.post("/titles")
            def title(payload: Title, host: str = "", words: str = "") -> bool:
                return bool(HOST.match(host) and WORDS.match(words) and QUOTED.search(words))


            def own() -> list[str]:
                return re.findall(r"^(a+)+$", "a fixed text")
            """,
        ),
        Example(
            """
            import re

            from fastapi import FastAPI, HTTPException, Query

            app = FastAPI()
            VERSION = re.compile(r"^(\\d+\\.?)+$")


            @app.get("/versions")
            def version(name: str = Query(max_length=12), other: str = "", word: str = "") -> bool:
                if len(other) > 20:
                    raise HTTPException(422)
                known = re.search(rf"\\b{re.escape(word)}\\b", "one two three") is not None
                return known and bool(VERSION.match(name)) and bool(VERSION.match(other))
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Patterns that Python's ``re`` looks at without a call."""
        index = index_of(module)
        for node in _declared(index):
            yield self.found(
                "A text can be made for which this regular expression takes twice as long with each letter.",
                confidence=Confidence.SUSPECTED,
                location=here(index, node),
            )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Which text meets which pattern, or whose pattern it is."""
        if flow.argument == "pattern":
            if not flow.taints:
                return None
            return told(
                flow,
                "becomes a regular expression: whoever sends it decides how long a match takes.",
            )
        pattern, flags = _pattern_of(flow)
        if pattern is None:
            return None
        method = flow.call.rpartition(".")[2]
        whole = method == "fullmatch"
        if is_exponential(pattern, flags, whole=whole):
            taints = _longer(flow, EXPONENTIAL)
            what = "meets a pattern that takes twice as long with each letter."
            return told(flow, what, taints) if taints else None
        anywhere = method not in ("match", "fullmatch")
        if is_polynomial(pattern, flags, whole=whole, anywhere=anywhere):
            # Servers bound a header to a few thousand characters, of which the square is little.
            taints = tuple(
                t
                for t in _longer(flow, QUADRATIC)
                if t.token.source.direct and t.token.source.kind not in ("header", "cookie")
            )
            verdict = told(
                flow,
                "meets a pattern whose time grows with the square of the length, and has no limit.",
                taints,
            )
            return replace(verdict, severity=Severity.LOW) if taints else None
        return None

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The same texts in one way only, where no more than the yes or no is used."""
        line = finding.location.line or 0
        for keyword in draft.index.all(ast.keyword):
            asks = keyword.arg in ("pattern", "allow_origin_regex")
            if asks and keyword.value.lineno == line and write_one_way(draft, keyword.value):
                return draft.repair("takes the same texts in one way only")
        for call in draft.calls_at(finding):
            if stripped(draft, call):
                return draft.repair("takes the white space off in linear time")
            if call_in_one_way(draft, call):
                return draft.repair("takes the same texts in one way only")
        return None


def _longer(flow: Flow, limit: int) -> Taints:
    """The input that may be longer than so many characters, and that no list of allowed values holds."""
    return tuple(
        t
        for t in flow.all_taints
        if not has(flow, t, f"length_{limit}") and not has(flow, t, "any")
    )


def _pattern_of(flow: Flow) -> tuple[str | None, int]:
    """The pattern and its flags."""
    made = next((t for t in things(flow.receiver, External) if t.name == "re.Pattern"), None)
    if made is not None:
        given = made.given[0] if made.given else made.named.get("pattern")
        flags = made.given[1] if len(made.given) > 1 else made.named.get("flags")
    else:
        given = flow.other(0, "pattern")
        place = {"sub": 4, "subn": 4, "split": 3}.get(flow.call.rpartition(".")[2], 2)
        flags = flow.other(place, "flags")
    pattern = one_text(given) if given is not None else None
    names = [t.name for t in things(flags, External)] if flags is not None else []
    number = 0
    for name in names:
        number |= _FLAGS.get(name.rpartition(".")[2], 0)
    return pattern, number


def _declared(index: Index) -> Iterator[ast.AST]:
    """Patterns that Python's ``re`` looks at without a call: in models that say so, and for origins."""
    own_engine: bool | None = None
    for keyword in index.all(ast.keyword):
        if keyword.arg == "pattern" and own_engine is None:
            own_engine = _own_engine(index)
        whole = keyword.arg == "allow_origin_regex"
        if whole or (keyword.arg == "pattern" and own_engine):
            pattern = text(index, keyword.value)
            if pattern is not None and is_exponential(pattern, 0, whole=whole):
                yield keyword.value


def _own_engine(index: Index) -> bool:
    """Whether models of this module ask for Python's ``re``."""
    return any(
        k.arg == "regex_engine" and text(index, k.value) == "python-re"
        for k in index.all(ast.keyword)
    ) or any(text(index, v) == "python-re" for d in index.all(ast.Dict) for v in d.values)
