"""A proof as a command line says to a shell what was sent."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from buckler.core.redact import Redactor
from buckler.scan.engines.attack.proofs import curl
from buckler.scan.engines.interface import Request
from buckler.scan.formats import clean

BASH = shutil.which("bash")


@pytest.mark.skipif(BASH is None, reason="no bash on this machine")
@pytest.mark.parametrize(
    "body",
    [
        '--x\r\nContent-Disposition: form-data; name="f"; filename="it\'s.txt"\r\n\r\n50 % \\n\r\n--x--\r\n',
        "two\nlines",
        "a\tb",
        "it's 'quoted' \\ $HOME `id` !x",
        "Zwölf\r\nBoxkämpfer",
    ],
    ids=["multipart", "lines", "tabs", "quotes", "letters"],
)
def test_a_shell_reads_the_very_body(body: str) -> None:
    command = curl(Request("POST", "/upload", body=body.encode()), Redactor())
    assert clean.line(command) == command, "a report shows it without a change"
    script = f"curl() {{ printf '%s' \"$4\"; }}; {command}"
    ran = subprocess.run([str(BASH), "-c", script], capture_output=True, timeout=30, check=True)
    assert ran.stdout == body.encode()
