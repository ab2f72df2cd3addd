"""Tokens go both ways between guard and others: PyJWT, and npm's jose, which Node runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jwt
import pytest

from buckler.guard import KeySet, SigningKey, TokenError, TokenIssuer, TokenVerifier
from tests.guard.auth.tokens import AUDIENCE, CLAIMS, ISSUER, Clock, policy

ALGORITHMS = [
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
SECRET = "c3a1f0e9d8b7a6958473625140fedcba0918273645aabbccddeeff00112233447"
KEYS = {
    alg: SigningKey.from_secret(SECRET, alg=alg, kid="main")
    if alg.startswith("HS")
    else SigningKey.generate(alg, kid="main")
    for alg in ALGORITHMS
}


def verifier(alg: str) -> TokenVerifier:
    return TokenVerifier(KeySet(KEYS[alg]), policy(), clock=Clock())


def issued(alg: str) -> str:
    return TokenIssuer(KeySet(KEYS[alg]), policy()).issue(
        "user-1", ttl=600, scopes=["orders:read"], names=["Zoë", "\U0001f600"]
    )


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_pyjwt_takes_ours(alg: str) -> None:
    key: Any = SECRET if alg.startswith("HS") else jwt.PyJWK(KEYS[alg].public_jwk()).key
    found = jwt.decode(issued(alg), key, algorithms=[alg], audience=AUDIENCE, issuer=ISSUER)
    assert (found["sub"], found["scope"], found["names"]) == (
        "user-1",
        "orders:read",
        ["Zoë", "\U0001f600"],
    )


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_ours_takes_those_of_pyjwt(alg: str) -> None:
    key = SECRET if alg.startswith("HS") else KEYS[alg].pem()
    for header in ({"typ": "at+jwt", "kid": "main"}, {"typ": "at+jwt"}):
        text = jwt.encode(CLAIMS, key, algorithm=alg, headers=header)
        assert verifier(alg).verify(text).values == CLAIMS
    with pytest.raises(TokenError, match="another type"):
        verifier(alg).verify(jwt.encode(CLAIMS, key, algorithm=alg))


SCRIPT = """
import * as jose from 'jose'
import { readFileSync } from 'node:fs'
const asked = JSON.parse(readFileSync(0, 'utf8'))
const answers = {}
for (const [alg, { token, jwk, claims }] of Object.entries(asked)) {
  const key = await jose.importJWK(jwk, alg)
  const read = await jose.jwtVerify(token, key, {
    issuer: claims.iss, audience: claims.aud, typ: 'at+jwt', algorithms: [alg] })
  const theirs = alg.startsWith('HS')
    ? { privateKey: key, publicKey: key } : await jose.generateKeyPair(alg, { extractable: true })
  const signed = await new jose.SignJWT(claims)
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: 'theirs' }).sign(theirs.privateKey)
  answers[alg] = { subject: read.payload.sub, names: read.payload.names, token: signed,
    jwk: { ...(await jose.exportJWK(theirs.publicKey)), kid: 'theirs', alg } }
}
console.log(JSON.stringify(answers))
"""


@pytest.fixture(scope="module")
def jose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds jose."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    folder = tmp_path_factory.mktemp("jose")
    environment = {**os.environ, "npm_config_update_notifier": "false"}
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "jose@6"]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=90
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm did not fetch jose in time")
    if done.returncode:
        pytest.skip("npm cannot fetch jose here")
    (folder / "run.mjs").write_text(SCRIPT, encoding="utf-8")
    return folder


def test_jose_both_ways(jose: Path) -> None:
    def jwk(alg: str) -> dict[str, str]:
        if not alg.startswith("HS"):
            return KEYS[alg].public_jwk()
        from tests.guard.auth.tokens import b64

        return {"kty": "oct", "k": b64(SECRET.encode())}

    asked = {alg: {"token": issued(alg), "jwk": jwk(alg), "claims": CLAIMS} for alg in ALGORITHMS}
    done = subprocess.run(
        ["node", "run.mjs"],
        cwd=jose,
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    assert [*answers] == ALGORITHMS
    for alg, answer in answers.items():
        assert (answer["subject"], answer["names"]) == ("user-1", ["Zoë", "\U0001f600"])
        theirs = SigningKey.from_jwk(answer["jwk"])
        found = TokenVerifier(KeySet(theirs), policy(), clock=Clock()).verify(answer["token"])
        assert (theirs.alg, found.values) == (alg, CLAIMS)
