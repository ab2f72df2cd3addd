"""Reads SARIF 2.1.0 of other tools. Source: OASIS SARIF 2.1.0, 3.13 to 3.34.

A tool that does not say what it looked at is believed to have looked everywhere with the rules that it lists: what it
reported last time and does not now is gone, unless it says that its run did not succeed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from buckler.core.finding import Severity
from buckler.watch.life import Looked
from buckler.watch.reports.bounds import bounded
from buckler.watch.reports.document import Field
from buckler.watch.reports.values import Read, Seen

VERSION: Final = "2.1.0"
_LEVELS: Final = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.INFO,
}
_SCORES: Final = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM))
_ABSENT: Final = "absent"
_NOT_FAILED: Final = ("notApplicable", "pass", "informational")


def read(report: Field) -> Read:
    """The report: one run, or several of one tool.

    Raises:
        RefusedError: It is none; the message begins with the field that is wrong.
    """
    if report["version"].text() != VERSION:
        raise report["version"].wrong(f"is not {VERSION}")
    runs = report["runs"].rows(100)
    if not runs:
        raise report["runs"].wrong("is empty")
    names = {run["tool"]["driver"]["name"].text(needed=True, most=80) for run in runs}
    if len(names) > 1:
        raise report["runs"].wrong("are of several tools: push each by itself")
    found: dict[str, Seen] = {}
    for one in bounded((one for run in runs for one in _results(run)), "runs"):
        found.setdefault(one.fingerprint, one)
    tool = names.pop()
    whole = all(_succeeded(run) for run in runs)
    return Read(
        tool=tool,
        findings=tuple(found.values()),
        looked=Looked(whole=whole, rules=None, tool=tool),
    )


def _succeeded(run: Field) -> bool:
    for invocation in run["invocations"].rows(1000):
        value = invocation["executionSuccessful"].value
        if not isinstance(value, bool):
            raise invocation["executionSuccessful"].wrong("is neither true nor false")
        if not value:
            return False
    # A result that the tool left out of a list says nothing of what is not in it (3.14.23).
    return run["results"].value is not None


def _results(run: Field) -> Iterator[Seen]:
    rules = run["tool"]["driver"]["rules"].rows()
    by_id = {rule["id"].text(most=80): rule for rule in rules}
    counted: dict[str, int] = {}
    for result in run["results"].rows():
        if result["baselineState"].text() == _ABSENT or result["kind"].text() in _NOT_FAILED:
            continue
        one = _result(result, rules, by_id)
        key = one.fingerprint
        # Two alike in one file are two: without a number the second one would be lost.
        counted[key] = counted.get(key, 0) + 1
        yield one if counted[key] == 1 else _numbered(one, counted[key])


def _numbered(one: Seen, number: int) -> Seen:
    values = {name: getattr(one, name) for name in Seen.__dataclass_fields__}
    return Seen(**{**values, "fingerprint": _digest((one.fingerprint, str(number)))})


def _result(result: Field, rules: Sequence[Field], by_id: Mapping[str, Field]) -> Seen:
    rule = _rule(result, rules, by_id)
    name = result["ruleId"].text(most=80) or (rule["id"].text(most=80) if rule else "")
    if not name:
        raise result["ruleId"].wrong("is missing")
    message = _message(result, rule)
    if not message:
        raise result["message"].wrong("has no text")
    locations = result["locations"].rows(10_000)
    place = locations[0]["physicalLocation"] if locations else Field(None, result.at)
    path = place["artifactLocation"]["uri"].text(most=1000) or None
    region = place["region"]
    return Seen(
        fingerprint=_fingerprint(result, name, path, message, region),
        rule=name,
        title=_title(rule) or name,
        severity=_severity(result, rule),
        confidence="suspected",
        message=message,
        path=path,
        line=region["startLine"].line(),
        detail={"excerpt": region["snippet"]["text"].text(most=4000), "help": _help(rule)},
        suppression=_suppression(result),
    )


def _rule(result: Field, rules: Sequence[Field], by_id: Mapping[str, Field]) -> Field | None:
    number = result["ruleIndex"].number()
    if number is not None and number >= 0:
        if number >= len(rules):
            raise result["ruleIndex"].wrong("names no rule of the driver")
        return rules[int(number)]
    name = result["ruleId"].text(most=80)
    # "CA1000/1" is a case of CA1000 (3.27.5).
    return by_id.get(name) or by_id.get(name.partition("/")[0])


def _message(result: Field, rule: Field | None) -> str:
    said = result["message"]
    text = said["text"].text() or said["markdown"].text()
    if not text and rule is not None and (name := said["id"].text(most=200)):
        text = rule["messageStrings"][name]["text"].text()
    for number, argument in enumerate(said["arguments"].rows(100)):
        text = text.replace(f"{{{number}}}", argument.text(most=1000))
    return text[:20_000]


def _severity(result: Field, rule: Field | None) -> Severity:
    """The score that GitHub and others read, else the level; ``warning`` where nobody says (3.27.10)."""
    score = _score(result["properties"]) or (_score(rule["properties"]) if rule else None)
    if score is not None:
        return next((severity for least, severity in _SCORES if score >= least), Severity.LOW)
    level = result["level"].text(most=20)
    if not level and rule is not None:
        level = rule["defaultConfiguration"]["level"].text(most=20)
    if level and level not in _LEVELS:
        raise result["level"].wrong(f"is none of {', '.join(_LEVELS)}")
    return _LEVELS[level or "warning"]


def _score(properties: Field) -> float | None:
    value = properties["security-severity"].value
    try:
        score = float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None
    return score if score is not None and 0 < score <= 10 else None


def _fingerprint(result: Field, rule: str, path: str | None, message: str, region: Field) -> str:
    """The tool's own where it has one (3.27.16, 3.27.17), else of what stays when lines move."""
    for name in ("fingerprints", "partialFingerprints"):
        table = result[name].table()
        if table:
            values = [result[name][key].text(most=1000) for key in sorted(table)]
            return _digest((rule, path or "", *sorted(table), *values))
    snippet = " ".join(region["snippet"]["text"].text(most=4000).split())
    return _digest((rule, path or "", snippet or message))


def _digest(parts: Sequence[str]) -> str:
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return "x" + hashlib.sha256(text).hexdigest()[:31]


def _suppression(result: Field) -> str:
    for one in result["suppressions"].rows(100):
        if one["status"].text(most=20) in ("", "accepted"):
            return one["justification"].text(most=1000) or "suppressed by the tool"
    return ""


def _title(rule: Field | None) -> str:
    if rule is None:
        return ""
    return rule["shortDescription"]["text"].text(most=300) or rule["name"].text(most=300)


def _help(rule: Field | None) -> dict[str, Any]:
    if rule is None:
        return {}
    return {"text": rule["help"]["text"].text(), "uri": rule["helpUri"].text(most=1000)}
