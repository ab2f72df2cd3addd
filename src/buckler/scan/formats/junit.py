"""JUnit XML: for build servers that show test results and nothing else.

Each rule is a suite. A finding is a failed case; a rule that ran and found nothing is a passed
one; where the application did not run, its rules are skipped, because they looked at nothing.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from buckler.core.finding import Finding
from buckler.core.report import Report
from buckler.core.rule import Rule
from buckler.scan.formats import clean, view

_NEED_NO_APPLICATION = frozenset({"check_source", "check_project"})
_FOLLOWED = frozenset({"flows", "check_call"})


class JunitFormat:
    """The dialect that Jenkins, GitLab and Azure read."""

    name = "junit"
    suffixes = (".xml",)

    def render(self, report: Report) -> str:
        """The document as text; what XML 1.0 cannot hold is shown as escapes."""
        root = Element("testsuites", name="buckler")
        _coverage(root, report)
        ids = sorted({*report.rules, *(f.rule for f in _all(report))})
        for rule_id in ids:
            _suite(root, report, rule_id, report.rules.get(rule_id))
        _total(root)
        indent(root)
        text = tostring(root, encoding="unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _all(report: Report) -> list[Finding]:
    return [*report.findings, *report.known, *(finding for finding, _ in report.suppressed)]


def _coverage(root: Element, report: Report) -> None:
    suite = SubElement(root, "testsuite", name="coverage")
    case = SubElement(suite, "testcase", classname="buckler", name="enough was reached", time="0")
    why = view.provisional(report)
    if why:
        SubElement(case, "error", type="coverage", message=clean.line(why))
    gaps = [
        f"{view.listed(group.whats)}: {clean.line(group.why)} {clean.line(group.how)}".rstrip()
        for group in view.gaps(report)
    ]
    if gaps:
        SubElement(case, "system-out").text = "Not looked at:\n" + "\n".join(gaps)
    _count(suite)


def _suite(root: Element, report: Report, rule_id: str, rule: Rule | None) -> None:
    name = f"{rule_id} {rule.title}" if rule else rule_id
    suite = SubElement(root, "testsuite", name=clean.line(name))
    for finding in report.findings:
        if finding.rule == rule_id:
            case = _case(suite, finding)
            _failure(case, report, finding)
    for finding in report.known:
        if finding.rule == rule_id:
            SubElement(_case(suite, finding), "skipped", message="known from the baseline")
    for finding, why in report.suppressed:
        if finding.rule == rule_id:
            text = clean.line(f"suppressed {view.suppressed_by(finding)}: {why}")
            SubElement(_case(suite, finding), "skipped", message=text)
    if not len(suite):
        case = SubElement(
            suite, "testcase", classname=f"buckler.{rule_id}", name="no finding", time="0"
        )
        if rule_id in report.broken:
            text = f"internal error in rule {rule_id}"
            SubElement(case, "error", type="internal", message=text)
        elif report.failed and rule and not _reads_alone(rule):
            SubElement(case, "skipped", message="the application did not run")
    _count(suite)


def _reads_alone(rule: Rule) -> bool:
    """Whether a rule has said what it can without the application: flows alone leave the attack out."""
    hooks = set(rule.hooks())
    return bool(hooks & _NEED_NO_APPLICATION) or hooks <= _FOLLOWED


def _case(suite: Element, finding: Finding) -> Element:
    place = finding.location
    name = view.interface(place) or view.place(place) or finding.subject or finding.rule
    case = SubElement(
        suite,
        "testcase",
        classname=f"buckler.{finding.rule}",
        name=clean.line(f"{name} [{finding.fingerprint}]"),
        time="0",
    )
    if place.path:
        case.set("file", clean.line(place.path))
        if place.line:
            case.set("line", str(place.line))
    return case


def _failure(case: Element, report: Report, finding: Finding) -> None:
    severity, confidence = finding.severity.value, finding.confidence.value
    short = f"{severity}, {confidence}: {finding.message}"
    failure = SubElement(case, "failure", type=severity, message=clean.line(short))
    lines = [view.title(report, finding), view.place(finding.location), finding.message]
    for sink in view.proofs(finding, "sink"):
        lines.append(f"{view.call(sink)} got {clean.cut(view.argument(sink), 400)}")
    for data in view.proofs(finding, "exchange"):
        lines.append(str(data.get("curl", "")))
    rule = report.rules.get(finding.rule)
    if rule and rule.fix:
        lines.append(f"fix: {rule.fix.summary}")
    failure.text = "\n".join(clean.line(text) for text in lines if text)


def _count(suite: Element) -> None:
    cases = suite.findall("testcase")
    for word, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(word, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("tests", str(len(cases)))
    suite.set("time", "0")


def _total(root: Element) -> None:
    for word in ("tests", "failures", "errors", "skipped"):
        root.set(word, str(sum(int(suite.get(word, "0")) for suite in root)))
