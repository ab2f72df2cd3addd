"""Debian's mod_auth_openidc signs people in here, and asks what tokens say."""

from __future__ import annotations

import shutil
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
import trustme

from buckler.guard import EgressPolicy, OAuthClient
from buckler.guard.auth.oauth.server import client as kinds
from tests.guard.auth.oauth.interop.apache import apache
from tests.guard.auth.oauth.interop.browser import Browser
from tests.guard.auth.oauth.interop.cells import Cell, Cells
from tests.guard.auth.oauth.interop.running import RESOURCE, Running, running
from tests.guard.auth.oauth.scene import KEPT
from tests.ports import free_port

# Not private_key_jwt: Debian's 2.4.12.3 dies of a segmentation fault where it makes the assertion.
METHODS = {"none": "public", "client_secret_basic": "basic", "client_secret_post": "post"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that the workers of an Apache that root started can read."""
    made = Path(tempfile.mkdtemp(prefix="buckler-apache-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def relying_party(base: str, auth: str, **more: Any) -> OAuthClient:
    options: dict[str, Any] = {"auth": auth, **more}
    if auth.startswith("client_secret"):
        options["secret"] = KEPT
    return OAuthClient(
        id="apache",
        name="Apache",
        redirect_uris=[f"{base}/protected/redirect"],
        post_logout_redirect_uris=[f"{base}/out"],
        backchannel_logout_uri=f"{base}/protected/redirect?logout=backchannel",
        grants=[kinds.CODE, kinds.REFRESH],
        scopes=["openid", "profile", "email"],
        **options,
    )


def settings(issuer: str, auth: str) -> dict[str, str]:
    found = {
        "OIDCProviderMetadataURL": f"{issuer}/.well-known/openid-configuration",
        "OIDCClientID": "apache",
        "OIDCRedirectURI": "{base}/protected/redirect",
        "OIDCCryptoPassphrase": "a-passphrase-for-this-test-alone",
        "OIDCScope": '"openid email"',
        "OIDCPKCEMethod": "S256",
        "OIDCProviderTokenEndpointAuth": auth,
        "OIDCRemoteUserClaim": "email",
        "OIDCDefaultLoggedOutURL": "{base}/out",
        "OIDCUserInfoTokenMethod": "authz_header",
    }
    if auth.startswith("client_secret"):
        found["OIDCClientSecret"] = KEPT
    return found


@contextmanager
def both(folder: Path, auth: str) -> Iterator[tuple[str, Running]]:
    """The address of Apache, and the server, which ends first: then Apache was told of ended sessions."""
    port, own = free_port(), free_port()
    base, issuer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{own}"
    egress = EgressPolicy(allow_networks=["127.0.0.0/8"], ports=[port])
    with (
        apache(folder, settings(issuer, auth), port=port),
        running(relying_party(base, auth), port=own, egress=egress) as server,
    ):
        yield base, server


@pytest.mark.parametrize("auth", METHODS)
def test_sign_in_and_out(
    folder: Path, auth: str, record_property: Callable[[str, object], None]
) -> None:
    name = METHODS[auth]
    cells: list[Cell] = [(name, "plain", "bearer", flow) for flow in ("code", "logout")]
    table = Cells(record_property, "mod_auth_openidc", cells)
    with both(folder, auth) as (base, server):
        browser = Browser()
        where, page = browser.visit(f"{base}/protected/page")
        assert (where, page.text) == (f"{base}/protected/page", "inside"), page.text
        assert page.headers["x-user"] == "ann@mail.example"
        where, page = browser.visit(
            f"{base}/protected/redirect?logout={quote(base + '/out', safe='')}"
        )
        assert (where.partition("?")[0], page.text) == (f"{base}/out", "outside")
        again = browser.open(f"{base}/protected/page")
        assert again.is_redirect and again.headers["location"].startswith(server.issuer)
        browser.close()
    table.passed(*cells)


def test_it_is_told_that_a_session_ended(folder: Path) -> None:
    with both(folder, "client_secret_basic") as (base, server):
        browser = Browser()
        browser.visit(f"{base}/protected/page")
        assert browser.open(f"{base}/protected/page").text == "inside"
        _, page = browser.visit(f"{server.issuer}/oauth/logout")
        assert "You are signed out here" in page.text
        for _ in range(200):
            if browser.open(f"{base}/protected/page").is_redirect:
                break
            time.sleep(0.05)
        else:
            pytest.fail("Apache goes on with the session")
        browser.close()


def test_it_asks_what_tokens_say(
    folder: Path, record_property: Callable[[str, object], None]
) -> None:
    cell: Cell = ("basic", "plain", "bearer", "introspect")
    table = Cells(record_property, "mod_auth_openidc", [cell])
    api = OAuthClient(
        id="api",
        grants=[kinds.CREDENTIALS],
        auth="client_secret_basic",
        secret=KEPT,
        scopes=[],
        introspects=True,
        resources=[RESOURCE],
    )
    authority = trustme.CA()
    tls = folder / "server.pem"
    tls.write_bytes(authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes())
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with (
        running(api, tls=tls) as server,
        apache(
            folder,
            {
                "OIDCOAuthIntrospectionEndpoint": f"{server.issuer}/oauth/introspect",
                "OIDCOAuthIntrospectionEndpointAuth": "client_secret_basic",
                "OIDCOAuthClientID": "api",
                "OIDCOAuthClientSecret": KEPT,
                "OIDCOAuthSSLValidateServer": "Off",
                "OIDCCryptoPassphrase": "a-passphrase-for-this-test-alone",
                "OIDCOAuthRemoteUserClaim": "client_id",
            },
            kind="oauth20",
        ) as base,
        httpx2.Client(verify=trusted) as http,
    ):
        asked = {"grant_type": "client_credentials", "scope": "orders:read", "resource": RESOURCE}
        issued = http.post(f"{server.issuer}/oauth/token", data=asked, auth=("basic", KEPT)).json()
        header = {"Authorization": f"Bearer {issued['access_token']}"}
        inside = http.get(f"{base}/protected/page", headers=header)
        assert (inside.status_code, inside.headers["x-user"]) == (200, "basic")
        revoked = http.post(
            f"{server.issuer}/oauth/revoke",
            data={"token": issued["access_token"]},
            auth=("basic", KEPT),
        )
        assert revoked.status_code == 200
        other = {"Authorization": f"Bearer {issued['access_token'][:-4]}AAAA"}
        assert http.get(f"{base}/protected/page", headers=other).status_code == 401
    table.passed(cell)
