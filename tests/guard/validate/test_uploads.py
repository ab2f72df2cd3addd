"""Files sent to a real application with real forms."""

from __future__ import annotations

import asyncio
import hashlib
import io
import stat
import struct
import threading
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard import GuardError, ProblemDetails, Upload
from buckler.guard.validate import StoredFile, UploadRefused, kinds


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(extra: bytes = b"") -> bytes:
    """One pixel (ISO 15948), with a comment where one is asked for."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    text = chunk(b"tEXt", b"Comment\x00" + extra) if extra else b""
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + text
        + chunk(b"IDAT", zlib.compress(b"\0" * 4))
        + chunk(b"IEND", b"")
    )


def archive(**files: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name.replace("__", "/"), content)
    return held.getvalue()


def docx() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        made.writestr("word/document.xml", "<html><script>")
    return held.getvalue()


JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + b"\x00" * 64
    + b"\xff\xd9"
)
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/" + b"\x00" * 16
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 32
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + b"\x00" * 64
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><rect/></svg>'
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
Made = Callable[..., tuple[TestClient, Path]]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """``made(types, ...)`` gives a client of an application with one upload, and its folder."""

    def make(*types: str, **options: Any) -> tuple[TestClient, Path]:
        folder = tmp_path / "stored"
        folder.mkdir()
        return application(Upload(folder, types=types, **options)), folder

    return make


def application(upload: Upload) -> TestClient:
    app = FastAPI()
    ProblemDetails(app)

    async def one(file: Any) -> dict[str, Any]:
        return {
            "name": file.path.name,
            "original": file.original,
            "type": file.type,
            "size": file.size,
            "sha256": file.sha256,
        }

    one.__annotations__["file"] = Annotated[StoredFile, Depends(upload)]
    app.post("/one")(one)

    async def many(files: Any) -> list[str]:
        return [file.original for file in files]

    many.__annotations__["files"] = Annotated[list[StoredFile], Depends(upload.many)]
    app.post("/many")(many)

    @app.post("/stream")
    async def stream(request: Request) -> int:
        return (await upload.store_stream(request.stream(), "a.png", "image/png")).size

    return TestClient(app)


def send(client: TestClient, name: str, content: bytes, kind: str | None = None) -> Any:
    return client.post("/one", files={"file": (name, content, kind) if kind else (name, content)})


def test_a_file_is_stored_under_a_random_name_that_only_its_owner_reads(made: Made) -> None:
    client, folder = made("image/png")
    answer = send(client, "Holiday é.PNG", png(), "image/png").json()
    stored = folder / answer["name"]
    assert stored.read_bytes() == png()
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert len(answer["name"]) == 32 and "." not in answer["name"]
    assert answer["original"] == "Holiday é.PNG"
    assert (answer["type"], answer["size"]) == ("image/png", len(png()))
    assert answer["sha256"] == hashlib.sha256(png()).hexdigest()
    assert send(client, "a.png", png(), "image/png").json()["name"] != answer["name"]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("image/png", "a.png", png(b"made with care")),
        ("image/jpeg", "a.jpeg", JPEG),
        ("image/gif", "a.gif", GIF),
        ("image/webp", "a.webp", WEBP),
        ("image/svg+xml", "a.svg", SVG),
        ("audio/mpeg", "a.mp3", MP3),
        ("video/mp4", "a.mp4", MP4),
        ("application/pdf", "a.pdf", PDF),
        ("application/zip", "a.zip", archive(a="<html>")),
        (WORD, "a.docx", docx()),
        ("text/plain", "a.txt", "schön\n<b>".encode()),
        ("text/csv", "a.csv", b"a,b\r\n1,2\r\n"),
        ("application/json", "a.json", b'{"a": 1}'),
        ("text/html", "a.html", b"<p>a</p>"),
    ],
)
def test_every_type_is_known_by_its_content(
    made: Made, kind: str, name: str, content: bytes
) -> None:
    client, folder = made(kind)
    for said in (kind, kind + "; charset=utf-8", "application/octet-stream"):
        answer = send(client, name, content, said)
        assert (answer.status_code, answer.json().get("type")) == (200, kind), answer.json()
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "content", "said", "status"),
    [
        ("a.png", JPEG, "image/png", 415),
        ("a.jpg", png(), "image/jpeg", 415),
        ("a.png", png(), "image/jpeg", 415),
        ("a.png", png(), "text/html", 415),
        ("a.php", png(), "image/png", 415),
        ("a.png.php", png(), "image/png", 415),
        ("a.html", png(), "image/png", 415),
        ("a", png(), "image/png", 415),
        ("a.svg", SVG, "image/svg+xml", 415),
        ("a.png", SVG, "image/png", 415),
        ("a.png", b"<html><script>alert(1)</script>", "image/png", 415),
        ("a.png", b"\x89PNG", "image/png", 415),
        ("a.png", png(b"<script>alert(1)</script>"), "image/png", 415),
        ("a.png", png(b"<?php system($_GET[0]);"), "image/png", 415),
        ("a.png", png(b"x" * 5000 + b"<?php eval(1);"), "image/png", 415),
        ("a.png", png(b"%PDF-1.7"), "image/png", 415),
        ("a.png", png() + archive(a="b"), "image/png", 415),
        ("a.gif", GIF[:6] + b"=1;</style><script>alert(1)</script>", "image/gif", 415),
        ("a.jpg", JPEG[:30] + b"<!DOCTYPE html><body onload=x>" + JPEG[30:], "image/jpeg", 415),
        ("a.txt", b"<html>", "text/plain", 415),
        ("a.txt", b"  \n<script>", "text/plain", 415),
        ("a.txt", b"a\x00b", "text/plain", 415),
        ("a.txt", b"\xff\xfe", "text/plain", 415),
        ("a.txt", b"x" * 200_000 + b"\xc3", "text/plain", 415),
        ("a.txt", b"x" * 200_000 + b"\xff" + b"x" * 200_000, "text/plain", 415),
        ("a.txt", PDF, "text/plain", 415),
        ("a.docx", archive(a="b"), WORD, 415),
        ("a.png", b"", "image/png", 422),
        ("../a.png", png(), "image/png", 422),
        ("a/b.png", png(), "image/png", 422),
        ("nul.png", png(), "image/png", 422),
        (".png", png(), "image/png", 422),
        ("a\u202egnp.png", png(), "image/png", 422),
        ("x" * 300 + ".png", png(), "image/png", 422),
        ("a.png", png() + b"\0" * 600_000, "image/png", 413),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(
    made: Made, name: str, content: bytes, said: str, status: int
) -> None:
    client, folder = made(
        "image/png", "image/jpeg", "image/gif", "text/plain", WORD, max_bytes=500_000
    )
    answer = send(client, name, content, said)
    assert answer.status_code == status, answer.json()
    assert list(folder.iterdir()) == []


def test_several_files_are_taken_together_or_not_at_all(made: Made) -> None:
    client, folder = made("image/png", max_files=2)

    def post(*contents: bytes) -> Any:
        return client.post(
            "/many", files=[("files", (f"{n}.png", c, "image/png")) for n, c in enumerate(contents)]
        )

    assert post(png(), png()).json() == ["0.png", "1.png"]
    assert len(list(folder.iterdir())) == 2
    assert post(png(), png(), png()).status_code == 422
    assert post(png(), b"no").status_code == 415
    assert len(list(folder.iterdir())) == 2


def test_the_size_is_counted_as_the_bytes_come(made: Made) -> None:
    client, folder = made("image/png", max_bytes="1 kB")
    assert client.post("/stream", content=png()).json() == len(png())
    seen = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal seen
        yield png()
        while True:
            seen += 100
            yield b"\0" * 100

    upload = Upload(folder, types=["image/png"], max_bytes="1 kB")
    with pytest.raises(UploadRefused) as caught:
        asyncio.run(upload.store_stream(endless(), "a.png"))
    assert (caught.value.status_code, caught.value.reason) == (413, "size")
    assert seen <= 1100
    assert len(list(folder.iterdir())) == 1


def test_a_caller_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    upload = Upload(tmp_path, types=["image/png"])

    async def hangs() -> AsyncIterator[bytes]:
        yield png()
        await asyncio.sleep(60)

    async def run() -> None:
        await asyncio.wait_for(upload.store_stream(hangs(), "a.png"), 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_the_loop_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = threading.Semaphore(0)

    def slow(*arguments: Any) -> str:
        # Others have their turns meanwhile: a hundred of them, however busy the machine is.
        taken = all(turns.acquire(timeout=30) for _ in range(100))
        return "" if taken else "nobody else had a turn"

    monkeypatch.setattr(kinds, "problem", slow)
    upload = Upload(tmp_path, types=["image/png"])

    async def bytes_of() -> AsyncIterator[bytes]:
        yield png()

    async def run() -> None:
        task = asyncio.create_task(upload.store_stream(bytes_of(), "a.png"))
        while not task.done():
            await asyncio.sleep(0.001)
            turns.release()
        await task

    asyncio.run(run())


def test_wrong_options_are_told_when_it_is_made(tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.mkdir()
    public.chmod(0o777)
    for folder, options in (
        (tmp_path / "none", {"types": ["image/png"]}),
        (public, {"types": ["image/png"]}),
        (tmp_path, {"types": []}),
        (tmp_path, {"types": "image/png"}),
        (tmp_path, {"types": ["application/x-dosexec"]}),
        (tmp_path, {"types": ["image/png"], "max_bytes": "much"}),
        (tmp_path, {"types": ["image/png"], "max_files": 0}),
    ):
        with pytest.raises(GuardError):
            Upload(folder, **options)  # type: ignore[arg-type]


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda b: png() + b))
def test_any_bytes_are_judged(content: bytes) -> None:
    for name, kind in kinds.TYPES.items():
        wrong = kinds.problem(name, kind, content, content)
        assert wrong in ("", "content", "polyglot")
        if not wrong and kind.shape == "media":
            assert b"<script>" not in content.lower()
