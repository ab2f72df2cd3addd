"""Calls that set a cookie, in Starlette, Flask and Django: what is known of it without sending it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, things
from buckler.scan.engines.source.flow.values import Value, one_text, only, texts_of, truth
from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.cookies import Cookie, cookie_of

RESPONSES = (
    "{starlette.responses.{Response,HTMLResponse,JSONResponse,PlainTextResponse,RedirectResponse,StreamingResponse,"
    "FileResponse,ORJSONResponse,UJSONResponse},flask.Response,django.http.HttpResponse,django.http.JsonResponse,"
    "django.http.HttpResponseRedirect}"
)
CALLS = f"{RESPONSES}.set_cookie *.set_cookie {RESPONSES} web.headers.append web.headers.__setitem__ web.headers.setdefault"
_HIDDEN = "?"


def give(draft: Draft, call: ast.Call, name: str, given: ast.expr | None, value: str) -> None:
    """Give a call an argument by keyword, or in the place of the one that it has."""
    if given is not None and given in call.args:
        draft.replace_argument(call, given, value)
    else:
        draft.set_keyword(call, name, value)


def cookies_in(call: Call) -> Iterator[Cookie]:
    """The cookies that a call sets; what is not known of one counts as done well."""
    if call.name.endswith(".set_cookie"):
        made = _set(call)
        if made is not None:
            yield made
    elif call.name.startswith("web.headers."):
        if (one_text(call.every[0]) or "").lower() == "set-cookie" and len(call.every) > 1:
            yield from _lines(call.every[1])
    else:
        for headers in things(call.given(-1, "headers") or Value(), Container):
            for key, value in headers.items.items():
                if isinstance(key, str) and key.lower() == "set-cookie":
                    yield from _lines(value)


def _set(call: Call) -> Cookie | None:
    key, value = call.given(0, "key"), call.given(1, "value")
    name = one_text(key) if key is not None else None
    gone = call.given(2, "max_age"), call.given(3, "expires")
    if name is None or call.open or any(v is not None and only(v) == 0 for v in gone):
        return None
    if value is None or one_text(value) == "":
        return None
    same_site = call.given(8, "samesite")
    text = "lax" if same_site is None else one_text(same_site)
    if text is None:
        text = "" if only(same_site or Value()) is None else "lax"
    return Cookie(
        name, "", _on(call.given(6, "secure")), _on(call.given(7, "httponly")), text.lower()
    )


def _on(value: Value | None) -> bool:
    return value is not None and truth(value) is not False


def _lines(value: Value) -> Iterator[Cookie]:
    """Cookies of a header that is written by hand, if only their values are not known."""
    for text in texts_of(value):
        line = "".join(part if isinstance(part, str) else _HIDDEN for part in text)
        head, _, rest = line.partition(";")
        if _HIDDEN in rest or not head.partition("=")[0].strip(_HIDDEN):
            continue
        made = cookie_of(line)
        if made is not None:
            yield made
