"""Paths below a folder, and files opened there while somebody moves things about."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from buckler.guard import GuardError, SafePath
from buckler.guard.validate import PathRefused
from tests.guard.validate.application import client_for, everywhere, schema, send


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "sub/b.txt").write_text("b")
    beside = tmp_path / "files-old"
    beside.mkdir()
    (beside / "secret.txt").write_text("secret")
    (folder / "out").symlink_to(beside)
    (folder / "out.txt").symlink_to(beside / "secret.txt")
    (folder / "in.txt").symlink_to(folder / "a.txt")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    return folder


OUT = [
    "..",
    "../files-old/secret.txt",
    "sub/../../files-old/secret.txt",
    "sub/..",
    ".",
    "./a.txt",
    "/etc/passwd",
    "//etc/passwd",
    "\\etc",
    "..\\files-old\\secret.txt",
    "C:\\x",
    "C:x",
    "%2e%2e/files-old/secret.txt",
    "%2E%2E%2Ffiles-old",
    "%252e%252e%252f",
    "..%2ffiles-old",
    "..%5cfiles-old",
    "a.txt%00.png",
    "a.txt\x00.png",
    "out/secret.txt",
    "out.txt",
    "loop",
    "loop/a",
    "sub//b.txt",
    "sub/",
    "",
    ".git/config",
    "nul",
    "sub/con.txt",
    "a.txt.",
    "a.txt ",
    "a.txt::$DATA",
    "．．/x",
    "‥/x",
    "x/" * 600,
    "x" * 300,
]  # fmt: skip


@pytest.mark.parametrize("text", OUT)
def test_what_leads_out_is_refused(text: str, root: Path) -> None:
    assert send(client_for(Annotated[Path, SafePath(root)]), text).status_code == 422
    with pytest.raises((PathRefused, OSError)):
        SafePath(root).open(text).close()


def test_an_absolute_path_beside_the_folder_is_refused_when_it_is_opened(root: Path) -> None:
    with pytest.raises(PathRefused):
        SafePath(root).open(root.parent / "files-old/secret.txt")
    with pytest.raises(PathRefused):
        SafePath(root).open(root / "../files-old/secret.txt")


def test_what_stays_inside_is_an_absolute_path(root: Path) -> None:
    client = client_for(Annotated[Path, SafePath(root)])
    for text in ("a.txt", "sub/b.txt", "sub/new.txt", "new/deep.txt"):
        assert send(client, text).json() == str(root / text)
    assert send(client, "in.txt").json() == str(root / "a.txt")
    assert everywhere(client, "a.txt") == [200] * 5
    assert everywhere(client, "sub\\b.txt")[0] == 422
    assert schema(client)["type"] == "string"
    assert schema(client)["maxLength"] == 1024
    assert str(root) not in str(client.get("/openapi.json").json())


def test_no_answer_shows_where_the_folder_is(root: Path) -> None:
    files: TypeAdapter[Path] = TypeAdapter(Annotated[Path, SafePath(root)])
    found = files.validate_python("sub/b.txt")
    assert files.dump_json(found) == b'"sub/b.txt"'
    assert files.dump_python(found) == root / "sub/b.txt"
    assert files.validate_python(found) == found
    with pytest.raises(ValidationError):
        files.validate_python(root.parent / "files-old/secret.txt")


def test_a_route_that_reads_with_it(root: Path) -> None:
    files = SafePath(root)
    app = FastAPI()

    def read(name: Path) -> str:
        with files.open(name) as file:
            return file.read().decode()

    read.__annotations__["name"] = Annotated[Path, files]
    app.get("/files/{name:path}")(read)
    client = TestClient(app)
    assert client.get("/files/sub/b.txt").json() == "b"
    assert client.get("/files/%2e%2e/files-old/secret.txt").status_code == 422
    assert client.get("/files/out/secret.txt").status_code == 422


def test_files_are_made_private_and_once(root: Path) -> None:
    files = SafePath(root)
    with files.open("new.txt", "xb") as file:
        file.write(b"one")
    assert (root / "new.txt").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        files.open("new.txt", "xb")
    with files.open("new.txt", "wb") as file:
        file.write(b"2")
    assert (root / "new.txt").read_bytes() == b"2"
    for name in ("out.txt", "in.txt", "out/x.txt", "pipe", "sub"):
        for mode in ("rb", "wb"):
            with pytest.raises(PathRefused):
                files.open(name, mode)  # type: ignore[arg-type]
    assert (root.parent / "files-old/secret.txt").read_text() == "secret"
    with pytest.raises(GuardError):
        files.open("a.txt", "r+")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        files.open("gone.txt")


def test_a_link_swapped_in_between_is_never_followed(root: Path) -> None:
    files = SafePath(root)
    stop = threading.Event()

    def swap() -> None:
        place, kept = root / "sub", root / "kept"
        while not stop.is_set():
            place.rename(kept)
            place.symlink_to(root.parent / "files-old")
            place.unlink()
            kept.rename(place)

    (root / "sub/secret.txt").write_text("mine")
    checked = files.check("sub/secret.txt")
    thread = threading.Thread(target=swap)
    thread.start()
    seen: set[bytes] = set()
    naive: set[bytes] = set()
    try:
        deadline = time.monotonic() + 20
        tries = 0
        while time.monotonic() < deadline:
            tries += 1
            if tries > 2000 and b"secret" in naive and len(seen) > 1:
                break
            try:
                with files.open(checked) as file:
                    seen.add(file.read())
            except (PathRefused, FileNotFoundError):
                seen.add(b"refused")
            try:
                naive.add(checked.read_bytes())
            except OSError:
                naive.add(b"refused")
    finally:
        stop.set()
        thread.join()
    assert seen == {b"mine", b"refused"}
    # What a plain open gets in the same time: the attack is a real one.
    assert b"secret" in naive


def test_where_the_system_lacks_it_links_are_refused_too(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("buckler.guard.validate.path._BY_FOLDERS", False)
    files = SafePath(root)
    with files.open("sub/b.txt") as file:
        assert file.read() == b"b"
    for name in ("out.txt", "in.txt", "out/secret.txt"):
        for mode in ("rb", "wb"):
            with pytest.raises(PathRefused):
                files.open(name, mode)  # type: ignore[arg-type]
    assert (root.parent / "files-old/secret.txt").read_text() == "secret"


def test_the_folder_has_to_exist(tmp_path: Path) -> None:
    with pytest.raises(GuardError):
        SafePath(tmp_path / "none")


@given(
    st.lists(
        st.sampled_from(
            ["..", ".", "/", "\\", "%2e", "%2f", "a", "sub", "out", "\x00", "~", "C:", "．"]
        ),
        max_size=10,
    ).map("".join)
)
def test_no_path_that_is_taken_lies_outside(text: str) -> None:
    folder = Path(__file__).parent
    try:
        found = TypeAdapter(Annotated[Path, SafePath(folder)]).validate_python(text)
    except ValidationError:
        return
    assert os.path.commonpath([os.path.realpath(found), folder]) == str(folder)
    assert found != folder
