"""A page for accounts, as an application would have it: forms and buttons, a script of its own, a strict policy."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response

from buckler.guard import Argon2Parameters, AuthPolicy, Guard, Mail, public
from tests.guard.access.shop import SECRET

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Account</title><link rel="icon" href="data:,"></head><body>
<h1>Account</h1>
<form id="entry">
  <label>Name <input id="name" autocomplete="username"></label>
  <label>Password <input id="password" type="password" autocomplete="current-password"></label>
  <button id="sign-up" type="button">Sign up</button>
  <button id="sign-in" type="button">Sign in</button>
  <button id="passkey-in" type="button">Sign in with a passkey</button>
</form>
<form id="second"><label>Code <input id="code" autocomplete="one-time-code"></label>
  <button id="finish" type="button">Finish</button>
  <button id="confirm" type="button">Confirm the app</button></form>
<p><button id="totp" type="button">Add an authenticator app</button>
<button id="passkey" type="button">Add a passkey</button>
<button id="everywhere" type="button">Sign out everywhere</button>
<button id="me" type="button">Who am I</button></p>
<div id="qr"></div><pre id="out"></pre>
<script src="/page.js"></script></body></html>"""
SCRIPT = """
const out = document.getElementById("out");
const value = (id) => document.getElementById(id).value;
let ticket = "";
async function call(method, path, body) {
  const answer = await fetch("/auth" + path, {
    method, headers: body ? {"Content-Type": "application/json"} : {}, body: body && JSON.stringify(body)});
  const found = await answer.json();
  if (found.ticket) ticket = found.ticket;
  return [answer.status, found];
}
function on(id, work) {
  document.getElementById(id).addEventListener("click", async () => {
    out.textContent = "";
    try { out.textContent = JSON.stringify(await work()); } catch (error) { out.textContent = "error " + error; }
  });
}
const entry = () => ({name: value("name"), password: value("password")});
on("sign-up", () => call("POST", "/sign-up", entry()));
on("sign-in", () => call("POST", "/sign-in", entry()));
on("finish", () => call("POST", "/second-factor", {ticket, code: value("code")}));
on("totp", async () => {
  const [status, made] = await call("POST", "/factors/totp");
  document.getElementById("qr").innerHTML = made.qr || "";
  return [status, made];
});
on("confirm", () => call("POST", "/factors/totp/confirm", {code: value("code")}));
on("everywhere", () => call("POST", "/sign-out/everywhere"));
on("me", () => call("GET", "/me"));
on("passkey", async () => {
  const [status, asked] = await call("POST", "/factors/passkeys/options");
  if (status !== 200) return [status, asked];
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options);
  const credential = await navigator.credentials.create({publicKey});
  return call("POST", "/factors/passkeys", {ticket: asked.ticket, credential: credential.toJSON(), name: "laptop"});
});
on("passkey-in", async () => {
  const [status, asked] = await call("POST", "/passkey/options");
  if (status !== 200) return [status, asked];
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options);
  const credential = await navigator.credentials.get({publicKey});
  return call("POST", "/passkey", {ticket: asked.ticket, credential: credential.toJSON()});
});
"""


def page_app(database: str, address: str) -> tuple[FastAPI, Guard, list[Mail]]:
    """The application.

    Args:
        database: Where accounts are.
        address: Where browsers find it.
    """
    app = FastAPI(openapi_url=None)
    mails: list[Mail] = []

    async def deliver(mail: Mail) -> None:
        mails.append(mail)

    guard = Guard(
        app,
        "site",
        secret=SECRET,
        database=database,
        auth=AuthPolicy(
            base_url=address,
            deliver=deliver,
            hashing=Argon2Parameters(memory="19 MiB", passes=2),
        ),
        sign_in_rate="1000/minute",
    )
    app.include_router(guard.identities.router())

    @app.get("/", dependencies=[public])
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE)

    @app.get("/page.js", dependencies=[public])
    async def script() -> Response:
        return Response(SCRIPT, media_type="text/javascript")

    return app, guard, mails
