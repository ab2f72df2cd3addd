"""Signs identities in: headers and cookies as given, or the answer of a login request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from buckler.core.redact import is_secret_name
from buckler.core.settings import IdentitySettings, LoginSettings
from buckler.scan.engines.attack.forms import cookies_of, joined, visited
from buckler.scan.engines.interface import Answer, Identity, Request

if TYPE_CHECKING:
    from buckler.scan.engines.attack.run import Run

TOKENS = (
    "access_token",
    "token",
    "jwt",
    "id_token",
    "accessToken",
    "auth_token",
    "key",
    "session_token",
    "api_key",
    "apiKey",
)


def sign_in_all(run: Run) -> None:
    """Sign every identity of the settings in; a failure is a gap, not an end."""
    for item in run.settings.identities:
        made = sign_in(run, item)
        if made is not None:
            run.identities[made.name] = made
            run.redactor.know(secrets_of(item, made))
    run.seen.identities = tuple(run.identities.values())


def secrets_of(item: IdentitySettings, identity: Identity) -> Iterator[str]:
    """What must stand in no report: credentials, and the passwords they were got with."""
    for name, text in identity.headers:
        yield text
        yield from text.split()[-1:]
        if name.lower() == "cookie":
            yield from (part.partition("=")[2].strip() for part in text.split(";"))
    for login in (item.login, item.signup):
        fields = (login.json or login.form or {}) if login is not None else {}
        yield from (str(v) for k, v in fields.items() if is_secret_name(k))


def stay_signed_in(run: Run) -> None:
    """Sign in again only where the application does not take the credentials any more.

    Deriving a key from a password takes longer than a hundred other requests, and credentials
    that are signed outlive a restart. Whoever was signed up has to be made again, so nothing is
    kept where the settings say so.
    """
    made = any(item.signup is not None for item in run.settings.identities)
    if made or not all_known(run):
        sign_in_all(run)
    run.seen.identities = tuple(run.identities.values())


def all_known(run: Run) -> bool:
    """Whether the application still takes the credentials of every identity.

    Where nothing tells, those that were not got by signing in are as good as they were.
    """
    signing_in = {item.name for item in run.settings.identities if item.login}
    known = {name: is_known(run, name) for name in run.identities}
    return all(name not in signing_in if told is None else told for name, told in known.items())


def is_known(run: Run, name: str) -> bool | None:
    """Whether an answer that nobody gets without signing in is still given; None without one."""
    identity = run.identities[name]
    names = {header for header, _ in identity.headers}
    for cells in run.seen.matrix.values():
        cell, anonymous = cells.get(name), cells.get(None)
        if cell is None or anonymous is None or anonymous.answer.status not in (401, 403):
            continue
        if cell.request.method == "GET" and cell.reached and cell.answer.ok:
            rest = tuple(pair for pair in cell.request.headers if pair[0].lower() not in names)
            request = replace(cell.request, headers=(*rest, *identity.headers))
            answer = run.send(request, cell.operation)
            return answer is not None and answer.status == cell.answer.status
    return None


def sign_in(run: Run, item: IdentitySettings) -> Identity | None:
    """The identity with its credentials, or None where the sign-in failed."""
    if item.signup is not None and item.login is not None:
        send_login(run, item.signup)
    login = item.login or item.signup
    if login is not None and login is not item.login and run.session.reads_only:
        why = "not signed up: that writes to a server of your own, which --allow names"
        run.gap(f"identity {item.name}", why, "--writes")
        return None
    if login is not None:
        request, answer = send_login(run, login)
        if answer is not None:
            run.signed_in[item.name] = (request, answer)
        if answer is None or not answer.ok:
            status = answer.status if answer else "no answer"
            run.gap(
                f"identity {item.name}",
                f"signing in by {login.request} gave {status}",
                f"check {'login' if item.login else 'signup'} in [tool.buckler.identities]",
            )
            return None
        made = identity_from(item, login, answer)
        if made is None:
            run.gap(
                f"identity {item.name}",
                f"the answer to {login.request} holds neither {login.token!r} nor a cookie",
                f"set {'login' if item.login else 'signup'}.token to the dotted path of the token",
            )
        return made
    return identity_from(item)


def with_old_token(run: Run, name: str, canary: str) -> Identity | None:
    """An identity with a token that ran out an hour ago; None where it cannot be had.

    It signs in once more, and the application is made to give it an old one.

    Args:
        run: The run.
        name: Of an identity of the settings.
        canary: Stands in the token, so that it is seen where it is read.
    """
    item = next((i for i in run.settings.identities if i.name == name), None)
    login = item.login or item.signup if item is not None else None
    if item is None or login is None or name not in run.signed_in:
        return None
    request = replace(run.signed_in[name][0], client=run.client(), aged=canary)
    answer = run.send(request, signs_in=login is item.login)
    if answer is None or not answer.ok or "token-aged" not in answer.effects:
        return None
    made = identity_from(item, login, answer)
    if made is not None:
        run.redactor.know(secrets_of(item, made))
    return made


def identity_from(
    item: IdentitySettings, login: LoginSettings | None = None, answer: Answer | None = None
) -> Identity | None:
    """The identity with what the answer to its sign-in gives; None where that is nothing.

    Args:
        item: Who it is.
        login: The request that signed in, if one did.
        answer: To that.
    """
    if login is None or answer is None:
        return Identity(item.name, item.role, _credentials(item, (), {}))
    token, cookies = token_of(answer, login.token), cookies_of(answer)
    if not token and not cookies and not item.cookies:
        return None
    given = (_credential(login, token),) if token else ()
    return Identity(item.name, item.role, _credentials(item, given, cookies))


def _credentials(
    item: IdentitySettings, given: tuple[tuple[str, str], ...], cookies: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """The headers of an identity: those of the settings, those given, and all cookies."""
    headers = tuple((name.lower(), value) for name, value in item.headers.items())
    held = {**item.cookies, **cookies}
    cookie = (("cookie", "; ".join(f"{k}={v}" for k, v in held.items())),) if held else ()
    return (*headers, *given, *cookie)


def _credential(login: LoginSettings, token: str) -> tuple[str, str]:
    """The header that carries a token, as the settings say."""
    name = login.header.lower()
    scheme = login.scheme
    if scheme is None:
        scheme = "Bearer" if name == "authorization" else ""
    return name, f"{scheme} {token}".strip()


def send_login(run: Run, login: LoginSettings) -> tuple[Request, Answer | None]:
    """Send a login or a signup; where it is refused and a form, once more as the form of its own page."""
    request = login_request(login, run.host, run.client())
    answer = run.send(request, signs_in=True)
    if answer is None or answer.ok or login.form is None or answer.status == 401:
        return request, answer
    page = run.send(replace(request, method="GET", body=b"", headers=_without_body(request)))
    if page is None or not page.ok:
        return request, answer
    visitor = visited(Identity("", "", ()), page)
    if not visitor.tokens:
        return request, answer
    filled = replace(login, form={**login.form, **dict(visitor.tokens)})
    again = login_request(filled, run.host, run.client())
    again = replace(again, headers=(*again.headers, ("cookie", joined(dict(visitor.cookies)))))
    return again, run.send(again, signs_in=True)


def _without_body(request: Request) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in request.headers if not pair[0].startswith("content-"))


def login_request(login: LoginSettings, host: str, client: str) -> Request:
    """The request that signs somebody in."""
    method, _, target = login.request.strip().partition(" ")
    parts = urlsplit(target.strip() or "/")
    body, media_type = b"", ""
    if login.json is not None:
        body, media_type = json.dumps(login.json).encode(), "application/json"
    elif login.form is not None:
        body, media_type = urlencode(login.form).encode(), "application/x-www-form-urlencoded"
    headers = [("host", host), ("user-agent", "buckler"), ("accept", "application/json")]
    if media_type:
        headers += [("content-type", media_type), ("content-length", str(len(body)))]
    return Request(method.upper(), parts.path, parts.query, tuple(headers), body, client=client)


def token_of(answer: Answer, path: str) -> str | None:
    """The token at a dotted path of a JSON answer, or under one of the usual names."""
    data = answer.json
    for candidate in (path, *TOKENS):
        current: Any = data
        for part in candidate.split("."):
            current = current.get(part) if isinstance(current, Mapping) else None
        if isinstance(current, str) and current:
            return current
    return None
