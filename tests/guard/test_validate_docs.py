"""The examples of docs/validate.md and docs/egress.md run, and do what is written beside them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

DOCS = Path(__file__).parent.parent.parent / "docs"


def examples(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(page: str, number: int) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "example"}
        code = compile(examples(page)[number], f"{page}:{number}", "exec", dont_inherit=True)
        exec(code, names)
        return names

    return run


def test_types(ran: Any) -> None:
    client = TestClient(ran("validate.md", 0)["app"])
    good = {"item": "tea", "price": "1.50"}
    assert client.post("/orders", json=good, params={"next": "/a"}).json() == {
        "item": "tea",
        "price": "1.50",
        "next": "/a",
    }
    for bad in ({"item": "t!"}, {"price": "1e3"}, {"label": "a\nb"}, {"is_paid": True}):
        assert client.post("/orders", json=good | bad).status_code == 422
    assert client.post("/orders", json=good, params={"next": "//evil.example"}).status_code == 422
    assert client.get("/orders", params={"size": 100}).json() == {"page": 1, "size": 100}
    assert client.get("/orders", params={"size": 101}).status_code == 422


def test_paths(ran: Any, tmp_path: Path) -> None:
    client = TestClient(ran("validate.md", 1)["app"])
    (tmp_path / "files/a.txt").write_text("a")
    assert client.get("/files/a.txt").json() == "a"
    assert client.get("/files/%2e%2e/a.txt").status_code == 422


def test_uploads(ran: Any, tmp_path: Path) -> None:
    client = TestClient(ran("validate.md", 2)["app"])
    png = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
    file = ("a.png", png, "image/png")
    assert client.post("/avatar", files={"file": file}).json() == {
        "name": "a.png",
        "type": "image/png",
    }
    assert client.post("/album", files=[("files", file)] * 2).json() == 2
    assert client.post("/album", files=[("files", file)] * 5).status_code == 422
    assert client.post("/avatar", files={"file": ("a.png", b"no", "image/png")}).status_code == 415
    assert len(list((tmp_path / "pictures").iterdir())) == 3


def test_sql(ran: Any) -> None:
    names = ran("validate.md", 3)
    statement = str(names["found"])
    assert "LIKE :name_1 ESCAPE '/'" in statement
    assert statement.endswith("ORDER BY users.name DESC")
    assert names["pattern"] == "100/%%"
    assert names["table"] == "users"


def test_calling_out(ran: Any, capsys: pytest.CaptureFixture[str]) -> None:
    ran("egress.md", 0)
    assert capsys.readouterr().out == "egress.address\n"
    ran("egress.md", 1)["client"].close()


def test_all_examples_are_run_here() -> None:
    assert (len(examples("validate.md")), len(examples("egress.md"))) == (4, 2)
