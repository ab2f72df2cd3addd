"""Repairs of temporary files, mails, logs and tables: shapes that are taken, and those that are left alone."""

from __future__ import annotations

import bz2
import email
import gzip
import itertools
import re
import textwrap
import time
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from buckler.scan.rules.injection._fixes.one_way import one_way
from tests.rules.repairing import application, code, fixed, repairs

TEMPORARY = """
import os
import tempfile

from fastapi import FastAPI
from fastapi.responses import FileResponse

app = FastAPI()


@app.post("/report")
def report():
{body}
"""


def temporary(body: str) -> str:
    return TEMPORARY.format(body=textwrap.indent(code(body).rstrip(), "    ")).lstrip("\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('''
         path = tempfile.mktemp(".csv")  # of one request
         with open(path, "w") as stream:
             stream.write("a")
         os.remove(path)
         ''', '''
         handle, path = tempfile.mkstemp(".csv")  # of one request
         os.close(handle)
         with open(path, "w") as stream:
             stream.write("a")
         os.remove(path)
         '''),
        ('''
         handle = 1
         path = "/tmp/report.csv"
         try:
             with open(path, "w") as stream:
                 stream.write("a")
         finally:
             os.unlink(path)
         ''', '''
         handle = 1
         descriptor, path = tempfile.mkstemp(prefix="report-", suffix=".csv", dir="/tmp")
         os.close(descriptor)
         try:
             with open(path, "w") as stream:
                 stream.write("a")
         finally:
             os.unlink(path)
         '''),
        ('''
         with open(tempfile.mktemp(suffix=".csv"), "w", encoding="utf-8") as stream:
             stream.write("a")
         ''', '''
         with open(tempfile.mkstemp(suffix=".csv")[0], "w", encoding="utf-8") as stream:
             stream.write("a")
         '''),
    ],
)  # fmt: skip
def test_temporary_files(before: str, after: str, tmp_path: Path) -> None:
    made = fixed("INJ024", temporary(before), tmp_path)
    assert made == temporary(after)
    space: dict[str, object] = {}
    exec(made.replace('dir="/tmp"', f"dir={str(tmp_path)!r}"), space)
    space["report"]()


def test_a_name_that_goes_on_is_reviewed(tmp_path: Path) -> None:
    text = temporary(
        'path = tempfile.mktemp()\nopen(path, "wb").close()\nreturn FileResponse(path)'
    )
    made = fixed("INJ024", text, tmp_path, safe=False)
    assert "handle, path = tempfile.mkstemp()\n    os.close(handle)\n    open(path" in made


@pytest.mark.parametrize(
    "body",
    [
        'path = tempfile.mktemp()\nopen(path, "x").close()',
        "path = tempfile.mktemp()\nos.mkdir(path)",
        'path = tempfile.mktemp()\nopen(path + ".gz", "w").close()',
        'path = tempfile.mktemp()\nos.getpid()\nopen(path, "w").close()',
        'path: str = tempfile.mktemp()\nopen(path, "w").close()',
        "return tempfile.mktemp()",
        'stream = open(tempfile.mktemp(), "w")\nreturn stream.name',
        'path = "/tmp/report.csv"\nopen(path, "w").close()\nreturn FileResponse(path)',
        'path = "/tmp/report.csv"\nopen(path, "a").close()',
        'open("/tmp/report.csv", "w").close()',
        'path = "/tmp/report.csv"\nopen(path, "w").close()\nos.remove(path)\nos.remove("/tmp/report.csv")',
    ],
)
def test_temporary_files_for_a_person(body: str, tmp_path: Path) -> None:
    assert fixed("INJ024", temporary(body), tmp_path) is None


def test_a_name_that_another_file_knows_stays(tmp_path: Path) -> None:
    (tmp_path / "job.sh").write_text("cat /tmp/report.csv\n")
    text = temporary('path = "/tmp/report.csv"\nopen(path, "w").close()\nos.remove(path)')
    assert fixed("INJ024", text, tmp_path) is None


MAIL = """
import email

from fastapi import FastAPI, Form

app = FastAPI()


@app.post("/contact")
def contact(subject: str = Form(), text: str = Form(), number: int = Form(1)):
    message = {before}
    return email.message_from_string(message)
"""
CUT = ".splitlines())"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('f"Subject: {subject}\\n\\n{text}"', "f\"Subject: {' '.join(subject" + CUT + '}\\n\\n{text}"'),
        ("f'X: {number}\\nSubject: {subject}\\n\\n{text}'", "f'X: {number}\\nSubject: {\" \".join(subject" + CUT + "}\\n\\n{text}'"),
        ('"Subject: " + subject + "\\r\\n\\r\\n" + text', '"Subject: " + " ".join(subject' + CUT + ' + "\\r\\n\\r\\n" + text'),
        ('"Subject: %s\\n\\n%s" % (subject, text)', '"Subject: %s\\n\\n%s" % (" ".join(subject' + CUT + ", text)"),
        ('"Subject: {0}\\n\\n{1}".format(subject, text)', '"Subject: {0}\\n\\n{1}".format(" ".join(subject' + CUT + ", text)"),
        ('f"Subject: {subject or text}\\n\\n{text}"', "f\"Subject: {' '.join(str(subject or text)" + CUT + '}\\n\\n{text}"'),
        ('"\\n".join(["To: me", f"Subject: {subject}", "", text])', '"\\n".join(["To: me", f"Subject: {\' \'.join(subject' + CUT + '}", "", text])'),
    ],
    ids=range(7),
)  # fmt: skip
def test_headers_of_mails(before: str, after: str, tmp_path: Path) -> None:
    made = fixed("INJ022", MAIL.format(before=before), tmp_path)
    assert made == MAIL.format(before=after)
    for text, subject, wanted in ((before, "Hi: there", None), (after, "Hi\r\nBcc: you", None)):
        space = {"subject": subject, "text": "one\ntwo", "number": 1}
        mail = email.message_from_string(eval(text, space))
        assert mail["Bcc"] is wanted
        assert mail["Subject"].split()[0][:2] == "Hi"
        assert mail.get_payload() == "one\ntwo"


@pytest.mark.parametrize(
    "before",
    [
        'f"{subject:>9}: {subject:<9}\\n\\n{text}"',
        '"".join(["Subject: ", subject, "\\n\\n", text])',
    ],
)
def test_mails_for_a_person(before: str, tmp_path: Path) -> None:
    assert fixed("INJ022", MAIL.format(before=before), tmp_path) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"^(\w+\s?)+$", r"^\w+(?:\s\w+)*\s?$"),
        (r"^([a-z0-9]+[._-]?)*@shop", r"^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*[._-]?)?@shop"),
        (r"^(?:[a-z]+|[a-z]+-)*$", r"^(?:[a-z]+(?:-[a-z]+)*-?)?$"),
        (r"^(?:[a-z]+,|[a-z]+)+$", r"^[a-z]+(?:,[a-z]+)*,?$"),
        (r"^(a+)+$", "^a+$"),
        (r"^(?:\d*)+x$", r"^\d*x$"),
        (r"^(?:a+|b)+$", "^(?:a|b)+$"),
        (r"^(\w+\w?)+$", None),
        (r"^(\w+\s?)+\1$", None),
        (r"^(?P<w>\w+\s?)+$", None),
        (r"^(?>(?:\w+\s?)+)$", None),
        (r"[(a+)+]", None),
        (r"\(a+)+(", None),
        (r"^(.+\s?)+$", None),
    ],
)
def test_one_way_takes_the_same_texts(before: str, after: str | None) -> None:
    assert one_way(before) == after
    letters = "a1 .-,xb@shop"
    for word in itertools.chain.from_iterable(
        itertools.product(letters[:8], repeat=n) for n in range(6)
    ):
        for text in ("".join(word), "".join(word) + "@shop") if after else ():
            assert bool(re.search(before, text)) is bool(re.search(after, text)), text


PATTERN = """
import re

from fastapi import FastAPI, Form

app = FastAPI()
WORDS = re.compile(r"^(\\w+\\s?)+$"{flags})


@app.post("/notes")
def note(text: str = Form()):
    {body}
"""


def pattern(body: str, flags: str = "") -> str:
    return PATTERN.format(body=body, flags=flags)


@pytest.mark.parametrize(
    "body",
    [
        "return WORDS.match(text) is not None",
        "return 1 if WORDS.fullmatch(text) and len(text) > 2 else 2",
        "return bool(WORDS.search(text))",
        "return [w for w in [text] if not WORDS.match(w)]",
    ],
)
def test_patterns_that_are_only_asked(body: str, tmp_path: Path) -> None:
    made = fixed("INJ016", pattern(body), tmp_path)
    assert made == pattern(body).replace("(\\w+\\s?)+", "\\w+(?:\\s\\w+)*\\s?")
    space: dict[str, object] = {}
    exec(made, space)
    began = time.thread_time()
    space["note"]("a" * 40 + "!")
    assert time.thread_time() - began < 1


@pytest.mark.parametrize(
    "text",
    [
        pattern("return WORDS.match(text)"),
        pattern("return WORDS.sub('', text)"),
        pattern("return WORDS.match(text) is None or WORDS.match(text)[1]"),
        pattern("return WORDS.match(text) is None", ", re.X"),
        pattern("return WORDS.match(text) is None") + "\n__all__ = ['WORDS']\n",
        pattern("return re.search(text, 'one') is None").replace("(\\w+\\s?)+", ""),
    ],
)
def test_patterns_for_a_person(text: str, tmp_path: Path) -> None:
    assert all(item is None for item in repairs("INJ016", text, tmp_path))


def test_a_pattern_that_another_file_uses_stays(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("from main import WORDS\n")
    assert fixed("INJ016", pattern("return WORDS.match(text) is None"), tmp_path) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("re.sub(r'\\s+$', '', text)", "text.rstrip()"),
        ("re.sub(r'^\\s+|\\s+$', '', text or '')", "(text or '').strip()"),
        ("re.sub(r'\\s+$', ' ', text)", None),
        ("re.sub(r'\\s+$', '', text, flags=re.M)", None),
        ("re.sub(r'[\\s.]+$', '', text)", None),
    ],
)
def test_white_space_is_taken_off(before: str, after: str | None, tmp_path: Path) -> None:
    made = fixed("INJ016", pattern(f"return {before}"), tmp_path)
    assert made == (after and pattern(f"return {after}"))
    for text in ("a b \n\n", " a\u2003", "", " \n ", "a\x1c") if after else ():
        assert eval(before, {"re": re, "text": text}) == eval(after, {"text": text})


PACKED = """
import bz2
import gzip

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
MOST = 1000


@app.post("/events")
async def events(request: Request):
    data = await request.body()
{body}
"""


def packed(body: str) -> str:
    return PACKED.format(body=textwrap.indent(code(body).rstrip(), "    "))


REFUSED = "if len(text) > MOST:\n    raise HTTPException(413)\nreturn text.count(b'a')"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f"text = gzip.decompress(data)\n{REFUSED}",
            f"text = gzip.GzipFile(fileobj=BytesIO(data)).read(MOST + 1)\n{REFUSED}",
        ),
        (
            "return gzip.decompress(data)[:1000].count(b'a')",
            "return gzip.GzipFile(fileobj=BytesIO(data)).read(1000).count(b'a')",
        ),
    ],
)
def test_no_more_is_unpacked_than_is_taken(before: str, after: str, tmp_path: Path) -> None:
    made = fixed("INJ023", packed(before), tmp_path)
    wanted = packed(after).replace("import gzip\n", "import gzip\nimport io\n")
    assert made == wanted.replace("BytesIO(", "io.BytesIO(")
    new, old = TestClient(application(made)), TestClient(application(packed(before)))
    two = gzip.compress(b"a" * 100) + gzip.compress(b"a")
    for data in (gzip.compress(b"a"), two, gzip.compress(b""), b"", gzip.compress(b"a" * 5000)):
        answers = [client.post("/events", content=data) for client in (new, old)]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("text = bz2.decompress(data)\nreturn len(text)", "    if len(text) > 100_000_000:"),
        ("return len(gzip.decompress(data))", "    return len(unpacked)"),
        (f"text = bz2.decompress(data)\n{REFUSED}", "    if len(text) > 100_000_000:"),
        ("text = gzip.decompress(data)\nif len(text) > MOST:\n    print(1)\nreturn 1", "    if len(text) > 100_000_000:"),
    ],
)  # fmt: skip
def test_a_new_limit_is_reviewed(body: str, line: str, tmp_path: Path) -> None:
    made = fixed("INJ023", packed(body), tmp_path, safe=False)
    assert line in made.splitlines()
    pack = bz2.compress if "bz2" in body else gzip.compress
    assert TestClient(application(made)).post("/events", content=pack(b"a")).json() == 1


@pytest.mark.parametrize("body", ["return [gzip.decompress(d) for d in [data]]", "return data and gzip.decompress(data)"])  # fmt: skip
def test_packed_input_for_a_person(body: str, tmp_path: Path) -> None:
    assert fixed("INJ023", packed(body), tmp_path) is None
