"""INJ016: regular expressions that can be made to run for minutes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.languages.regex import is_exponential
from buckler.scan.python.constants import number, text, value_of
from buckler.scan.python.index import Index, argument, index_of, last
from buckler.scan.python.modules import made_by
from buckler.scan.rules._support.source import here

_SUBJECT = {
    "match": 1,
    "fullmatch": 1,
    "search": 1,
    "findall": 1,
    "finditer": 1,
    "split": 1,
    "sub": 2,
    "subn": 2,
}
_FLAGS = {
    name: int(getattr(re, name))
    for name in ("I", "IGNORECASE", "S", "DOTALL", "M", "MULTILINE", "A", "ASCII", "X", "VERBOSE")
}
_SHORT = 24


class RegexDenialOfService(Rule):
    """A regular expression takes twice as long for each letter more.

    ## What it is
    A part that repeats holds another that repeats, ``(\\w+\\s?)+``, or alternatives that match the same,
    so that one text can be taken apart in many ways. When the rest does not match, Python's ``re`` tries
    them all.

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
    title = "Regular expression with exponential time"
    severity = Severity.MEDIUM
    cwe = (1333, 400)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V1.3.12",)
    fix = Fix(
        "leave one way only: ^\\w+(?:\\s\\w+)*$",
        before='re.match(r"^(\\w+\\s?)+$", value)',
        after='re.match(r"^\\w+(?:\\s\\w+)*$", value)',
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
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Uses of exponential patterns on values that are not fixed."""
        index = index_of(module)
        for node in (*_uses(index), *_declared(index)):
            yield self.found(
                "A text can be made for which this regular expression takes twice as long with each letter.",
                confidence=Confidence.SUSPECTED,
                location=here(index, node),
            )


def _uses(index: Index) -> Iterator[ast.AST]:
    modules = {name for name, known in index.imports.items() if known.dotted == "re"}
    for call in index.called(*_SUBJECT):
        attribute = call.func
        owner = attribute.value if isinstance(attribute, ast.Attribute) else None
        if isinstance(owner, ast.Constant):
            continue
        name = last(attribute)
        if owner is None or last(owner) in modules:
            name = index.name(attribute).removeprefix("re.")
        if name not in _SUBJECT:
            continue
        if index.name(attribute) == f"re.{name}":
            found = _literal(index, call, _SUBJECT[name])
            subject = argument(call, "string", _SUBJECT[name])
        elif isinstance(attribute, ast.Attribute):
            found = _compiled(index, attribute.value)
            subject = argument(call, "string", _SUBJECT[name] - 1)
        else:
            continue
        if found is None or subject is None or not _is_open(index, subject):
            continue
        if is_exponential(found[0], found[1], whole=name == "fullmatch"):
            yield call


def _literal(index: Index, call: ast.Call, subject: int) -> tuple[str, int] | None:
    pattern = text(index, argument(call, "pattern", 0))
    position = {1: 2, 2: 4}[subject] + (1 if last(call.func) == "split" else 0)
    return None if pattern is None else (pattern, _flags(index, argument(call, "flags", position)))


def _compiled(index: Index, node: ast.expr) -> tuple[str, int] | None:
    """Pattern and flags of what ``re.compile`` made, wherever that stands."""
    found = made_by(index, node)
    if found is None or found[0].name(found[1].func) != "re.compile":
        return None
    other, made = found
    pattern = text(other, argument(made, "pattern", 0))
    return None if pattern is None else (pattern, _flags(other, argument(made, "flags", 1)))


def _flags(index: Index, node: ast.expr | None) -> int:
    found = 0
    for item in ast.walk(node) if node is not None else ():
        found |= _FLAGS.get(last(item), 0)
    return found


def _is_open(index: Index, node: ast.expr) -> bool:
    """Whether a text is neither fixed nor cut short."""
    known = value_of(index, node)
    if (known is not None and not known.default) or index.function_of(node) is None:
        return False
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        most = number(index, node.slice.upper)
        return most is None or most > _SHORT
    return True


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
