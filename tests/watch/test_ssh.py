"""What a repository by ssh makes git ask of ssh; what options mean is said by ssh itself."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from buckler.watch.errors import RefusedError, ScanFailedError
from buckler.watch.scanning import address
from buckler.watch.scanning.address import Allowed
from buckler.watch.scanning.git import Cloning, clone

SSH = shutil.which("ssh")
HERE = Allowed(
    schemes=frozenset({"ssh"}), networks=("127.0.0.0/8",), hosts=frozenset({"localhost"})
)
PROGRAM = """#!/bin/sh
printf '%s\\n' "$@" > {seen}
exec {ssh} -G "$@" > {meant} 2>&1
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where a program in place of ssh writes what it was asked, and what ssh makes of that."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(PROGRAM.format(seen=tmp_path / "seen", ssh=SSH, meant=tmp_path / "meant"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


@pytest.mark.skipif(SSH is None, reason="there is no ssh")
@pytest.mark.parametrize(
    ("url", "known", "port"),
    [
        ("git@localhost:team/shop.git", "localhost", "22"),
        ("ssh://git@localhost/team/shop.git", "localhost", "22"),
        ("ssh://git@localhost:443/team/$(id).git", "[localhost]:443", "443"),
    ],
)
def test_ssh_asks_nobody_and_calls_what_was_judged(
    asked: Path, url: str, known: str, port: str
) -> None:
    with pytest.raises(ScanFailedError, match="could not be cloned"):
        clone(url, "", asked / "scratch", Cloning(allowed=HERE), stop=threading.Event())
    meant = dict(
        line.split(" ", 1) for line in (asked / "meant").read_text().splitlines() if " " in line
    )
    assert meant["hostname"] in ("127.0.0.1", "::1")
    assert (meant["hostkeyalias"], meant["port"], meant["user"]) == (known, port, "git")
    assert (meant["batchmode"], meant["stricthostkeychecking"]) == ("yes", "true")
    assert "proxycommand" not in meant
    arguments = (asked / "seen").read_text().splitlines()
    assert arguments[-1].startswith("git-upload-pack ")
    assert "uid=" not in arguments[-1]


@pytest.mark.parametrize(
    "url",
    [
        "ssh://-oProxyCommand=id/a.git",
        "ssh://-oProxyCommand=id@localhost/a.git",
        "-oProxyCommand=id@localhost:a.git",
        "git@-oProxyCommand=id:a.git",
        "ssh://git:secret@localhost/a.git",
        "ssh://localhost:0/a.git",
        "ssh://git@localhost",
        "git@localhost:-u/../a b.git",
        "ssh+git://localhost/a.git",
        "ext::ssh localhost a",
    ],
)
def test_what_is_an_option_or_no_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="location") as caught:
        address.resolve(address.parse(url, HERE), HERE)
    assert "secret" not in caught.value.message
