"""A rule is one file: put into a folder of the project, it runs, is listed, and is reported."""

from __future__ import annotations

RULE = '''
from buckler.core.finding import Confidence, Location, Severity
from buckler.core.rule import Example, Rule


class TeapotRoute(Rule):
    """A route is called teapot.

    ## What it is
    A route.
    ## Why it matters
    It does not.
    ## How to fix
    Rename it.
    ## How to check
    Look.
    ## Roll-out
    None.
    ## References
    RFC 2324.
    """

    id = "CFG900"
    name = "teapot-route"
    title = "Teapot"
    severity = Severity.INFO
    cwe = (1059,)
    owasp = ("A02:2025",)
    bad = (Example("x = 1"),)
    good = (Example("y = 1"),)

    def check_app(self, app):
        for operation in app.operations:
            if "teapot" in operation.path:
                yield self.found(
                    "It is a teapot.", confidence=Confidence.OBSERVED, location=Location(operation=operation.key)
                )
'''
MAIN = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/teapot")
def teapot() -> str:
    return "short and stout"
"""


def test_a_rule_is_added_by_adding_one_file(project, scan) -> None:
    folder = project(
        {
            "main.py": MAIN,
            "security/rules/teapot.py": RULE,
            "pyproject.toml": '[tool.buckler]\nrules = ["security/rules"]\n',
        }
    )
    report = scan(folder, select=("CFG900",))
    assert [(f.rule, f.location.operation) for f in report.findings] == [("CFG900", "GET /teapot")]
