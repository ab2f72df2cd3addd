"""``docs/oauth-plans.md`` lists the modules that there are tests of, with what they say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

from tests.guard.auth.oauth import test_op_plans, test_op_plans_logout
from tests.guard.auth.oauth.client import test_rp_plans

DOC = (Path(__file__).parents[4] / "docs" / "oauth-plans.md").read_text(encoding="utf-8")
SEVERAL = {
    "oidcc-scope": ("profile", "email", "address", "phone"),
    "oidcc-display": ("page", "popup"),
}


def modules(*files: object) -> dict[str, str]:
    """The modules of test files, each with its result as the docs have it."""
    found: dict[str, str] = {}
    for file in files:
        for name, test in vars(file).items():
            if not name.startswith("test_oidcc_"):
                continue
            said = " ".join((test.__doc__ or "").split())
            result = f"differs: {said.removeprefix('Differs: ')}" if "Differs" in said else "passes"
            module = name.removeprefix("test_").replace("_", "-")
            if module == "oidcc-locales":
                found |= dict.fromkeys(("oidcc-ui-locales", "oidcc-claims-locales"), result)
                continue
            ends = SEVERAL.get(module)
            names = [f"{module}-{end}" for end in ends] if ends else [module]
            found |= dict.fromkeys(names, result)
    return found


def listed(heading: str) -> dict[str, str]:
    """The rows of the table below a heading."""
    part = DOC.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([a-z0-9_-]+)` \| (.+) \|$", part, re.MULTILINE))


def test_every_module_is_listed_with_its_result() -> None:
    assert listed("Providers: the basic plan, discovery and key rotation") == modules(test_op_plans)
    assert listed("Providers: signing out") == modules(test_op_plans_logout)
    assert len(modules(test_op_plans)) >= 38
    assert len(modules(test_op_plans_logout)) == 13


def test_what_relying_parties_pass_is_listed_too() -> None:
    names = {name for name in listed("Relying parties") if name.startswith("oidcc-client-test")}
    assert names <= {name.removeprefix("test_").replace("_", "-") for name in vars(test_rp_plans)}
    assert len(names) >= 14


def test_it_says_that_nothing_is_certified() -> None:
    assert "Not certified" in DOC
