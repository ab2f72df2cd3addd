"""Addresses of repositories: what is hostile is refused, and git itself is shown none of it."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from buckler.watch.errors import RefusedError, ScanFailedError
from buckler.watch.scanning import address, git
from buckler.watch.scanning.address import Allowed
from buckler.watch.scanning.child import Limits
from buckler.watch.scanning.git import Cloning

ALL = Allowed(schemes=frozenset({"https", "ssh", "http", "file"}))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=id",
        "ext::sh -c id",
        "fd::17",
        "https::https://host/a.git",
        "ssh://-oProxyCommand=id/a.git",
        "ssh://-oProxyCommand=id@host/a.git",
        "git@-host:a.git",
        "git://host/a.git",
        "ftp://host/a.git",
        "/etc",
        "../other",
        "file:///etc",
        "file://host/share",
        "https://user:password@host/a.git",
        "https://token@host/a.git",
        "https://host",
        "https://host/",
        "https:///a.git",
        "https://host:0/a.git",
        "https://host:99999/a.git",
        "https://host/a.git\n--upload-pack=x",
        "https://host/a b.git",
        "https://h\u00f6st/a.git",
        "https://host\\@evil/a.git",
        "https://host/a.git?x=1",
        "https://host/" + "a" * 3000,
    ],
)
def test_a_hostile_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="location") as refused:
        address.parse(url, ALL)
    assert "password" not in refused.value.message.replace("a user or password", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/a.git",
        "https://127.1/a.git",
        "https://0x7f.1/a.git",
        "https://2130706433/a.git",
        "https://localhost/a.git",
        "https://[::1]/a.git",
        "https://[::ffff:10.0.0.1]/a.git",
        "https://169.254.169.254/a.git",
        "https://10.1.2.3/a.git",
        "https://git.internal/a.git",
        "ssh://git@192.168.1.1/a.git",
        "git@10.0.0.1:a.git",
        "https://1.1.1.1:6379/a.git",
    ],
)
def test_an_address_inside_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="location"):
        address.resolve(address.parse(url, ALL), ALL)


def test_what_the_operator_allows_passes() -> None:
    allowed = Allowed(schemes=frozenset({"ssh", "https"}), networks=("10.1.0.0/16",))
    found = address.resolve(address.parse("git@10.1.2.3:team/shop.git", allowed), allowed)
    assert (found.url, found.pinned) == ("ssh://git@10.1.2.3/team/shop.git", ("10.1.2.3",))
    with pytest.raises(RefusedError):
        address.resolve(address.parse("git@10.2.2.3:team/shop.git", allowed), allowed)


@pytest.mark.parametrize(
    "name", ["-x", "a..b", "a b", "@{1}", "a.lock", "a;b", "--upload-pack=x", "/a"]
)
def test_a_hostile_branch_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="branch"):
        address.branch(name)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two branches, a link that leads out, and an attempt at each thing that runs code."""
    folder = tmp_path / "allowed" / "shop.git"
    folder.mkdir(parents=True)
    marker = tmp_path / "ran"
    (folder / "main.py").write_text("print(1)\n")
    (folder / "out").symlink_to("/etc/passwd")
    (folder / ".gitattributes").write_text("*.py filter=evil diff=evil\n")
    (folder / ".gitmodules").write_text(
        '[submodule "a"]\n\tpath = a\n\turl = ext::touch ' + str(marker) + "\n"
    )
    told(folder, "init", "-q", "-b", "main")
    told(folder, "add", "-A")
    told(folder, "commit", "-q", "-m", "first")
    told(folder, "checkout", "-q", "-b", "feature")
    (folder / "main.py").write_text("print(2)\n")
    told(folder, "commit", "-q", "-am", "second")
    told(folder, "checkout", "-q", "main")
    hook = folder / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {marker}\n")
    hook.chmod(0o755)
    return folder


def told(folder: Path, *arguments: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


def cloned(url: str, branch: str, tmp_path: Path, **limits: float) -> tuple[Path, str]:
    allowed = Allowed(schemes=frozenset({"file"}), folders=(tmp_path / "allowed",))
    how = Cloning(allowed=allowed, limits=Limits(**{"seconds": 20.0, **limits}))  # type: ignore[arg-type]
    return git.clone(url, branch, tmp_path / "scratch", how, stop=threading.Event())


def test_a_branch_is_cloned_and_nothing_of_it_is_run(repository: Path, tmp_path: Path) -> None:
    there, revision = cloned(repository.as_uri(), "feature", tmp_path)
    assert (there / "main.py").read_text() == "print(2)\n"
    assert revision == told(repository, "rev-parse", "feature")
    assert told(there, "rev-list", "--count", "HEAD") == "1"
    assert list((there / "a").iterdir() if (there / "a").exists() else ()) == []
    assert not (tmp_path / "ran").exists()


def test_one_that_is_too_large_is_given_up_with_a_reason(repository: Path, tmp_path: Path) -> None:
    (repository / "big").write_bytes(os.urandom(5_000_000))
    told(repository, "add", "-A")
    told(repository, "commit", "-q", "-m", "big")
    with pytest.raises(ScanFailedError, match="folder has more than 2 MiB"):
        cloned(repository.as_uri(), "main", tmp_path, folder=2 * 1024**2)


def test_one_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    with pytest.raises(ScanFailedError, match="no such folder"):
        cloned((tmp_path / "allowed" / "none").as_uri(), "", tmp_path)


def test_a_folder_that_is_a_link_out_of_the_allowed_ones_is_refused(tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "link").symlink_to("/etc")
    with pytest.raises(RefusedError, match="location"):
        address.folder(str(tmp_path / "allowed" / "link"), (tmp_path / "allowed",))
