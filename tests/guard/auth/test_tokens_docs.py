"""The examples of docs/tokens.md run as they stand there, and do what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.testclient import TestClient

from buckler.guard import TokenError, TokenIssuer
from tests.conftest import ROOT
from tests.guard.auth.tokens import REASONS

PAGE = (ROOT / "docs/tokens.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What all of them together define."""
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {"__name__": "docs.tokens"}
    for block in BLOCK.findall(PAGE):
        exec(compile(block, "docs/tokens.md", "exec"), found)
    return found


def test_they_do_what_they_say(names: dict[str, Any]) -> None:
    assert (names["claims"].subject, names["claims"].scopes) == ("user-1", {"orders:read"})
    verifier, keys = names["verifier"], names["keys"]
    with pytest.raises(TokenError, match="no key"):
        verifier.verify(names["token"])
    assert keys.signing is names["following"]
    with TestClient(names["app"]) as client:
        published = client.get("/.well-known/jwks.json").json()["keys"]
    assert [key["kid"] for key in published] == [names["following"].kid]

    async def main() -> None:
        text = await names["sign_in"]()
        claims = verifier.verify(text)
        assert (claims.subject, len(claims.session)) == ("user-1", 22)
        await names["sign_out"](text)
        with pytest.raises(TokenError, match="revoked"):
            verifier.verify(text)
        other = TokenIssuer(keys, names["policy"]).issue("user-2")
        assert verifier.verify(other).subject == "user-2"

    anyio.run(main)


def test_every_reason_is_on_the_page() -> None:
    table = PAGE.split("| reason |")[1].split("\n\n")[0]
    words = {w for row in table.splitlines()[2:] for w in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert words == (REASONS - {"good"}) | {"keys"}
