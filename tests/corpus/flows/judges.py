"""Whether what was sent arrived harmful. Each judge reads effects, not the application's code:
a file that a shell made, a host that was looked up, a tag that an HTML parser sees.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MARK = "zqxmark"
HOST = "zqxmark.attacker.example"
SECRET = "zqxsecret-of-the-host"
TOUCH = f"touch {MARK}"


@dataclass(slots=True)
class Run:
    """What one exchange left behind."""

    attack: Any
    root: Path
    proof: dict[str, Any]
    events: list[tuple[str, Any]]
    answers: list[dict[str, Any]] = field(default_factory=list)
    printed: str = ""
    seconds: float = 0.0

    def of(self, kind: str) -> list[Any]:
        return [value for name, value in self.events if name == kind]

    @property
    def body(self) -> str:
        return "\n".join(answer["body"] for answer in self.answers)


def sql(run: Run) -> bool:
    """The mark stands in a statement outside of every literal and quoted name."""
    literal = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
    return any(MARK in literal.sub("''", statement) for statement in run.of("sql"))


def mongo(run: Run) -> bool:
    """An operator that was sent is an operator in the query, or code was sent into ``$where``."""

    def walk(value: Any, operator: str = "") -> bool:
        if isinstance(value, dict):
            return any(
                (key in ("$ne", "$gt", "$regex", "$in", "$or") and sent(key, part))
                or (key not in ("$eq", "$literal") and walk(part, key))
                for key, part in value.items()
            )
        if isinstance(value, list | tuple):
            return any(walk(part, operator) for part in value)
        if operator in ("$where", "body", "$function") and isinstance(value, str):
            return MARK in re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "''", value)
        return False

    def sent(key: str, part: Any) -> bool:
        attack = run.attack
        if isinstance(attack, str):
            try:
                attack = json.loads(attack)
            except ValueError:
                return False
        return isinstance(attack, dict) and attack.get(key) == part

    return any(walk(value) for value in run.of("mongo"))


def file_made(run: Run) -> bool:
    """Code or a command that was sent ran: it made a file."""
    return any(run.root.rglob(MARK))


def option(run: Run) -> bool:
    """A program got what was sent as an option of its own."""
    log = run.root / "argv"
    if not log.exists():
        return False
    for call in log.read_text(encoding="utf-8").split("\x1e"):
        for argument in call.split("\x1f"):
            if argument == "--":
                break
            if argument.startswith("-") and argument.startswith(str(run.attack)):
                return True
    return False


def leaked(run: Run) -> bool:
    """The answer holds what it must not: a file of the host, or the words named by the case."""
    return run.proof.get("leak", SECRET) in run.body


def written(run: Run) -> bool:
    """A file was made, changed or removed outside of the folder for it."""
    allowed = run.root / "app" / run.proof.get("base", "uploads")
    planted = run.root / "victim.txt"
    if not planted.exists() or planted.read_text(encoding="utf-8") != SECRET:
        return True
    return any(
        not path.is_relative_to(allowed) for path in run.root.rglob(f"*{MARK}*") if path.is_file()
    )


def host(run: Run) -> bool:
    """A host that was sent was looked up or connected to, or a request was made to it."""
    named = [*run.of("host"), *(urlsplit(url).hostname or "" for url in run.of("http"))]
    inner = run.proof.get("inner", "169.254.169.254")
    return any(HOST in name or inner in name for name in named)


def redirect(run: Run) -> bool:
    """A browser that follows the answer leaves the site (the WHATWG URL parser says where to)."""
    import ada_url

    for answer in run.answers:
        if 300 <= answer["status"] < 400:
            for name, value in answer["headers"]:
                if name == "location":
                    try:
                        target = ada_url.URL(value, base="http://testserver/a")
                    except ValueError:
                        continue
                    if target.hostname.endswith("attacker.example"):
                        return True
    return False


class Page(HTMLParser):
    """Looks for a tag, an attribute, a link or a script that was sent."""

    found = False
    script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.script = tag == "script"
        for name, value in attrs:
            if name == MARK or (
                name in ("href", "src") and (value or "").startswith("javascript:")
            ):
                self.found = True
        self.found |= tag == MARK

    def handle_endtag(self, tag: str) -> None:
        self.script = False

    def handle_data(self, data: str) -> None:
        if self.script:
            text = re.sub(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"", "''", data)
            self.found |= f"{MARK}(" in text


def page(run: Run) -> bool:
    """An HTML parser sees markup or script that was sent, in an answer that is HTML."""
    for answer in run.answers:
        kind = dict(answer["headers"]).get("content-type", "")
        if kind.startswith(("text/html", "image/svg")):
            parser = Page()
            parser.feed(answer["body"])
            parser.close()
            if parser.found:
                return True
    return False


def header(run: Run) -> bool:
    """A header, or a mail, has a line that was sent."""
    lines = [value for answer in run.answers for _, value in answer["headers"]]
    if any(re.search(rf"[\r\n]\s*x-{MARK}:", line, re.IGNORECASE) for line in lines):
        return True
    if any(re.search(rf"\"; *{MARK}=", line) for line in lines):
        return True
    return any(
        re.search(rf"^bcc: .*{MARK}", mail.partition("\n\n")[0], re.IGNORECASE | re.MULTILINE)
        for mail in (text.replace("\r\n", "\n") for text in run.of("mail"))
    )


def forged_line(run: Run) -> bool:
    """The log has a line that begins with what was sent."""
    return re.search(rf"^{MARK}", run.printed.replace("\r", "\n"), re.MULTILINE) is not None


def ldap(run: Run) -> bool:
    """The filter or the name has an assertion that was sent."""
    for base, text in run.of("ldap"):
        if f")({MARK}=" in text or f"(uid={MARK}*" in text or f"=*)({MARK}" in text:
            return True
        if re.search(rf"(?<!\\),ou={MARK}", base):
            return True
    return any(re.search(rf"(?<!\\),ou={MARK}", name or "") for name in run.of("bind"))


def slow(run: Run) -> bool:
    """A short input costs more than a second of time."""
    return run.seconds > 1.0


def formula(run: Run) -> bool:
    """A cell of the table begins as a formula does."""
    for answer in run.answers:
        for row in csv.reader(io.StringIO(answer["body"].lstrip("\ufeff"))):
            for cell in row:
                if MARK in cell and cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r")):
                    return True
    return False


def privileged(run: Run) -> bool:
    """A field that the client must not set has the value that was sent."""
    name, wanted = run.proof["field"]

    def walk(value: Any) -> bool:
        if isinstance(value, dict):
            return value.get(name) == wanted or any(walk(part) for part in value.values())
        return isinstance(value, list) and any(walk(part) for part in value)

    last = run.answers[-1]["body"]
    return last[:1] in "{[" and walk(json.loads(last))


def link(run: Run) -> bool:
    """A link in a mail or in an answer leads to the host of the Host header."""
    texts = [*run.of("mail"), run.body]
    return any(HOST in text.replace("=\n", "") for text in texts)


def logged(run: Run) -> bool:
    """The secret that was sent, or made, stands in the log."""
    return run.proof.get("leak", MARK) in run.printed


def digest(run: Run) -> bool:
    """The secret went into a digest that is fast, or broken, for what it is used for."""
    weak = run.proof.get("weak", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
    return any(name in weak and MARK.encode() in data for name, data in run.of("digest"))


def cookie(run: Run) -> bool:
    """The session cookie is sent without TLS, or scripts can read it, or other sites send it."""
    name = run.proof.get("cookie", "session")
    for answer in run.answers:
        for header_name, value in answer["headers"]:
            if header_name == "set-cookie" and value.startswith(f"{name}="):
                flags = {part.strip().lower() for part in value.split(";")[1:]}
                if "max-age=0" in flags:
                    continue
                if "secure" not in flags or "httponly" not in flags:
                    return True
                if "samesite=none" in flags:
                    return True
    return False


def repeats(run: Run) -> bool:
    """The same text twice gives the same cipher text, or blocks repeat, or the cipher is old."""
    if run.of("cipher"):
        return True
    made = [json.loads(answer["body"])[run.proof.get("key", "data")] for answer in run.answers]
    if len(made) > 1 and made[0] == made[1]:
        return True
    blocks = [made[0][at : at + 32] for at in range(0, len(made[0]), 32)]
    return any(len(block) == 32 and blocks.count(block) > 1 for block in blocks)


def predicted(run: Run) -> bool:
    """With the state of the generator and the clock set back, the same value comes again."""
    made = [json.loads(answer["body"])[run.proof.get("key", "token")] for answer in run.answers]
    return made[0] == made[1]


def key(run: Run) -> bool:
    """The key of a token was taken from where its header says."""
    opened = [path for path in run.of("open") if MARK in path]
    return bool(opened) or host(run) or sql(run)


JUDGES: dict[str, Callable[[Run], bool]] = {
    "sql": sql,
    "nosql": mongo,
    "command": file_made,
    "argument_injection": option,
    "code_eval": file_made,
    "import_name": file_made,
    "deserialization": file_made,
    "yaml": file_made,
    "path_read": leaked,
    "path_write": written,
    "upload_name": written,
    "archive": written,
    "ssrf": host,
    "redirect": redirect,
    "xss": page,
    "template_injection": leaked,
    "header_injection": header,
    "log_injection": forged_line,
    "xxe": leaked,
    "ldap": ldap,
    "xpath": leaked,
    "regex_dos": slow,
    "csv_formula": formula,
    "mass_assignment": privileged,
    "token_key_lookup": key,
    "host_header": link,
    "secret_in_log": logged,
    "exception_detail": leaked,
    "weak_hash": digest,
    "weak_random": predicted,
    "crypto_mode": repeats,
    "cookie_flags": cookie,
}
