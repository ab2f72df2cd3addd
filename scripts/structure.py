"""Checks what no linter knows: which package may import which, how long files are, whether the
documentation pages of the rules are those that the rules give.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from buckler.core.registry import Registry
from buckler.core.rule import Rule

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src/buckler"
ALLOWED = {
    "core": {"core"},
    "notify": {"notify", "core"},
    "guard": {"guard", "notify", "core"},
    "scan": {"scan", "notify", "core"},
    "watch": {"watch", "scan", "guard", "notify", "core"},
    "cli": {"cli", "watch", "scan", "guard", "notify", "core"},
}
LONGEST = 400
PAGES = ROOT / "docs/rules"


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Line and top package of everything of ours that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            parts = name.split(".")
            if parts[0] == "buckler" and len(parts) > 1:
                yield node.lineno, parts[1]


def layers() -> Iterator[str]:
    """Imports that point the wrong way, and an agent that needs more than the standard library."""
    for file in sorted(SOURCE.rglob("*.py")):
        relative = file.relative_to(SOURCE)
        layer = relative.parts[0] if len(relative.parts) > 1 else "root"
        agent = "agent" in relative.parts
        for line, target in imports(file):
            if agent:
                yield f"{relative}:{line} the agent imports buckler.{target}"
            elif layer in ALLOWED and target not in ALLOWED[layer]:
                yield f"{relative}:{line} {layer} imports {target}"


def sizes() -> Iterator[str]:
    """Files that are too long."""
    for folder in ("src", "tests", "bench", "scripts"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "corpus" in file.parts:
                continue
            count = len(file.read_text(encoding="utf-8").splitlines())
            if count > LONGEST:
                yield f"{file.relative_to(ROOT)} has {count} lines; {LONGEST} is the limit"


def page(rule: Rule) -> str:
    """The documentation page of a rule."""
    lists = (
        [f"CWE-{number}" for number in rule.cwe]
        + list(rule.owasp)
        + [f"ASVS {a}" for a in rule.asvs]
    )
    found_by = ", ".join(rule.hooks())
    repaired = f" · fix: {rule.fixable}" if rule.fixable else ""
    head = f"# {rule.id} {rule.title}\n\n`{rule.name}` · {rule.severity} · {', '.join(lists)} · {found_by}{repaired}\n\n"
    text = head + rule.guide + "\n"
    if rule.fix is not None and rule.fix.after:
        text += f"\n## In code\n\nBefore:\n\n```python\n{rule.fix.before}\n```\n\nAfter:\n\n```python\n{rule.fix.after}\n```\n"
    for word, examples in (("Has it", rule.bad), ("Has it not", rule.good)):
        for example in examples:
            text += f"\n## {word}\n\n```python\n{example.sources()['main.py'].rstrip()}\n```\n"
    return text


def pages(*, write: bool) -> Iterator[str]:
    """Pages that differ from what the rules give; with ``write`` they are put right."""
    wanted = {f"{rule.id}.md": page(rule) for rule in Registry.load("buckler.scan.rules")}
    index = "# Rules\n\n" + "".join(
        f"- [{name[:-3]}]({name}) {text.splitlines()[0].partition(' ')[2].partition(' ')[2]}\n"
        for name, text in wanted.items()
    )
    wanted["README.md"] = index
    if write:
        PAGES.mkdir(exist_ok=True)
        for old in PAGES.glob("*.md"):
            old.unlink()
        for name, text in wanted.items():
            (PAGES / name).write_text(text, encoding="utf-8")
        return
    for name, text in wanted.items():
        file = PAGES / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            yield f"docs/rules/{name} is not what the rule gives: scripts/structure.py --write"
    for file in PAGES.glob("*.md"):
        if file.name not in wanted:
            yield f"docs/rules/{file.name} belongs to no rule"


def main() -> None:
    """Print every complaint; exit 1 if there is any."""
    for rule in Registry.load("buckler.scan.rules"):
        rule.validate()
    complaints = [*layers(), *sizes(), *pages(write="--write" in sys.argv)]
    for complaint in complaints:
        print(complaint)
    if not complaints:
        print("fine")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
