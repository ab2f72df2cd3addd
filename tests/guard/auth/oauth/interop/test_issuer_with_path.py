"""A server that is mounted below a path is found by clients of others (RFC 8414, 3.1; OpenID Connect Discovery 1.0, 4)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from tests.guard.auth.oauth.interop.running import Running, running
from tests.guard.auth.oauth.scene import KEPT
from tests.npm import packages

HERE = Path(__file__).parent


@pytest.fixture(scope="module", params=["/tenant", "/two/parts"], ids=["one part", "two parts"])
def mounted(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(path=request.param) as found:
        yield found


@pytest.mark.parametrize("external", [True, False], ids=["RFC 8414, 3.1", "OpenID Connect"])
def test_authlib_finds_it(mounted: Running, external: bool) -> None:
    rfc8414 = pytest.importorskip("authlib.oauth2.rfc8414", reason="pip install authlib")
    suffix = "oauth-authorization-server" if external else "openid-configuration"
    url = rfc8414.get_well_known_url(mounted.issuer, external=external, suffix=suffix)
    answer = httpx.get(urljoin(mounted.issuer, url), headers={"Origin": "https://spa.example"})
    assert (answer.status_code, answer.json()["issuer"]) == (200, mounted.issuer)
    assert answer.headers.get_list("access-control-allow-origin") == ["*"]
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json()["token_endpoint"] == f"{mounted.issuer}/oauth/token"
    keys = httpx.get(answer.json()["jwks_uri"])
    assert keys.json()["keys"]


def test_oauth4webapi_finds_it(mounted: Running) -> None:
    folder = packages("openid-client@6", "oauth4webapi@3")
    target = folder / "discovery.mjs"
    target.write_text((HERE / "discovery.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    plan = {"issuer": mounted.issuer, "id": "basic", "secret": KEPT}
    done = subprocess.run(
        ["node", str(target), json.dumps(plan)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == [{"algorithm": one, "scope": "orders:read"} for one in ("oauth2", "oidc")]
