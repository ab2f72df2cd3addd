"""INJ007: input that is run as Python."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Hit, Mint, Payload, Probe, Slot, Verdict
from buckler.scan.engines.source.flow.interface import ANSWERS, DIRECT, STORED, Flow, Flows
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import unpacks
from buckler.scan.rules._support.flows import told

DATA_LIBRARIES = frozenset(
    {"yaml", "ruamel", "pickle", "_pickle", "jsonpickle", "dill", "cloudpickle"}
)


class CodeInjection(Rule):
    """Input is run as Python, or names the module that is imported.

    ## What it is
    ``eval``, ``exec`` or ``importlib.import_module`` gets a text that came with the request. Empty
    builtins or a list of forbidden words do not help: every object leads to every other.

    ## Why it matters
    It is the shortest way to everything the application may do.

    ## How to fix
    Read data with ``json.loads`` or ``ast.literal_eval``; choose functions and modules from a
    dictionary; for formulas use a parser that knows only arithmetic.

    ## How to check
    Send ``__import__('time').sleep(3)``: the answer must be an error and not slow.

    ## Roll-out
    Expressions that users wrote on purpose need a small language of their own.

    ## References
    CWE-95, CWE-470; OWASP A05:2025 Injection; ASVS 5.0 V1.3.2.
    """

    id = "INJ007"
    name = "code-injection"
    title = "Code injection"
    severity = Severity.CRITICAL
    cwe = (95, 94, 470)
    owasp = ("A03:2021", "A05:2025")
    asvs = ("V1.3.2",)
    sinks = ("exec", "import")
    flows = Flows(
        "code",
        """
        builtins.{eval,exec,compile}(0,source) builtins.__import__(0,name) importlib.import_module(0,name) pkgutil.resolve_name(0,name)
        code.InteractiveInterpreter.runsource(0) runpy.{run_path,run_module}(0) timeit.timeit(0,stmt) pandas.eval(0) pandas.DataFrame.{eval,query}(0,expr)
        numexpr.evaluate(0) asteval.Interpreter.eval(0) pydoc.locate(0) importlib.util.spec_from_file_location(1)
        *.{eval,query}(0) langchain_experimental.utilities.PythonREPL.run(0) *.run_code(0)
        """,
        sanitizers="json.dumps builtins.ascii",
        sources=DIRECT | STORED | ANSWERS,
    )
    fix = Fix(
        "read it as data: ast.literal_eval(text)",
        before="value = eval(text)",
        after="value = ast.literal_eval(text)",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/calculate")
            def calculate(formula: str) -> str:
                return str(eval(formula, {"__builtins__": {}}))
            """,
            line=8,
        ),
        Example(
            """
            import importlib

            from fastapi import FastAPI

            app = FastAPI()


            @app.get("/plugins")
            def plugin(name: str) -> str:
                return importlib.import_module(f"plugins.{name}").__name__
            """,
            files={"plugins/__init__.py": ""},
        ),
    )
    good = (
        Example(
            """
            import ast

            from fastapi import FastAPI, HTTPException

            app = FastAPI()
            FORMATS = {"json": "json", "csv": "csv"}


            @app.get("/value")
            def value(text: str) -> str:
                try:
                    return str(ast.literal_eval(text))
                except (ValueError, SyntaxError) as error:
                    raise HTTPException(422) from error


            @app.get("/format")
            def format_of(name: str) -> str:
                return __import__(FORMATS.get(name, "json")).__name__
            """,
        ),
    )

    def check_flow(self, flow: Flow) -> Verdict | None:
        """Input that is executed, or names what is imported."""
        if not flow.taints or flow.call.startswith("*."):
            return None
        if "import" in flow.call or flow.call.endswith(("locate", "resolve_name")):
            if not flow.source.direct:
                return None  # a plug-in that is configured elsewhere
            if all(has_prefix(before) for before, _, _ in flow.places()):
                return None
            return told(flow, "names the module that is imported.")
        return told(flow, "is executed as Python.")

    def attack(self, slot: Slot, mint: Mint) -> Iterable[Payload]:
        """A name, alone and after the end of a literal, and a module."""
        for before, after, note in (
            ("", "", "is a name"),
            ("1+", "", "goes on with an expression"),
            ("'+", "+'", "ends a text"),
            ('"+', '+"', "ends a double-quoted text"),
            ("1)or(", "", "ends a call"),
            ("sample\n", "\n", "begins a new statement"),
        ):
            canary = mint()
            yield Payload(f"{before}{canary}{after}", canary, note)

    def check_hit(self, hit: Hit, probe: Probe) -> Verdict | None:
        """The canary is a name in code that runs, or a module that is imported."""
        if hit.sink == "import":
            if hit.more.get("through") in DATA_LIBRARIES or not hit.frames:
                return None
            return Verdict(
                "Text from the request names the module that is imported.",
                probe.payload.canary.text,
            )
        return Verdict("Text from the request is run as Python.", mark=probe.payload.canary.text)

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``ast.literal_eval``, where a value is read by ``eval``."""
        for call in draft.calls_at(finding):
            if (
                draft.index.name(call.func) not in ("eval", "builtins.eval")
                or not call.args
                or unpacks(call)
                or any(
                    _names_something(extra)
                    for extra in (*call.args[1:], *(k.value for k in call.keywords))
                )
            ):
                continue
            draft.set_callee(call, draft.name_for("ast.literal_eval", call))
            for extra in (*call.args[1:], *(keyword.value for keyword in call.keywords)):
                draft.remove_argument(call, extra)
            return draft.repair(
                "reads a literal, by ast.literal_eval",
                safe=False,
                changes="texts that are no literals (calculations, names, calls) are refused with ValueError",
            )
        return None


def _names_something(scope: ast.expr) -> bool:
    """Whether an argument of ``eval`` gives names to calculate with; no literal takes their place."""
    if isinstance(scope, ast.Constant):
        return False
    keys = scope.keys if isinstance(scope, ast.Dict) else [None]
    return any(not isinstance(k, ast.Constant) or k.value != "__builtins__" for k in keys)


def has_prefix(before: str) -> bool:
    """Whether a constant package stands before the name, so that only its modules can be meant."""
    return before.endswith(".")
