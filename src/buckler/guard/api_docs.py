"""FastAPI's documentation pages under a strict policy: assets from here, scripts with a nonce.

Threat: a page on the application's own origin that runs what a content network sends (CWE-829), and a
policy that is weakened for the whole site because two pages need it. The assets come from the package
``fastapi-offline`` (the ``docs`` extra); without it the pages keep loading theirs from the network, named in
their policy one by one, which is told at the start.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from buckler.guard.headers.content_security_policy import NONCE, ContentSecurityPolicy, script_hash
from buckler.guard.headers.cross_origin import OpenerPolicy
from buckler.guard.headers.policy import HeaderPolicy
from buckler.guard.inbound import csp_nonce
from buckler.guard.policy import Policy

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import HTMLResponse

Kind = Literal["swagger", "redoc", "oauth2"]
MARK: Final = "__buckler_docs__"
"""Attribute of a page's handler that names its kind."""
PACKAGE: Final = "fastapi_offline"
_EMPTY = script_hash("")
"""Redoc makes an empty style element and fills it by script."""
_REDOC = "redoc.standalone.js"
ASSETS: Final = (_REDOC, "swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
"""What the pages load from here."""
_PATCHES = (
    # Style elements get the nonce of the script that makes them; the picture of its makers stays away.
    ("n.nc=void 0", "n.nc=(document.currentScript||{}).nonce"),
    ("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,"),
)
_CDN_SCRIPTS = {
    "swagger": "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js",
    "redoc": "https://cdn.jsdelivr.net/npm/redoc@2/bundles/redoc.standalone.js",
}
_CDN_STYLE = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css"
_CDN_ICON = "https://fastapi.tiangolo.com"


def assets() -> Path | None:
    """The folder with Swagger UI and Redoc, or None where the package is not installed."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations))) / "static"
    return folder if folder.is_dir() else None


def install(app: Any) -> None:
    """Replace the pages of an application.

    Args:
        app: FastAPI; anything else is left alone.
    """
    folder = assets()
    routes = getattr(getattr(app, "router", None), "routes", None)
    if routes is None:
        return
    for route, kind in list(_pages(app)):
        routes[routes.index(route)] = _route(app, kind, route, folder)


def _pages(app: Any) -> Iterator[tuple[Any, Kind]]:
    """The pages that FastAPI added itself."""
    kinds: Mapping[str, Kind] = {
        "docs_url": "swagger",
        "redoc_url": "redoc",
        "swagger_ui_oauth2_redirect_url": "oauth2",
    }
    paths = {getattr(app, name, None): kind for name, kind in kinds.items()}
    for route in app.router.routes:
        endpoint = getattr(route, "endpoint", None)
        if getattr(endpoint, "__module__", "") == "fastapi.applications":
            kind = paths.get(getattr(route, "path", ""))
            if kind is not None:
                yield route, kind


@functools.lru_cache
def _patched(script: Path) -> str:
    text = script.read_text(encoding="utf-8")
    for old, new in _PATCHES:
        text = text.replace(old, new)
    return text


def _route(app: Any, kind: Kind, route: Any, folder: Path | None) -> Any:
    """One route for the page and its assets: each further one would cost every request."""
    from starlette.responses import FileResponse, Response
    from starlette.routing import Route

    local = folder is not None and kind != "oauth2"
    make = _page(app, kind, route.endpoint, f"{route.path.rstrip('/')}/assets" if local else "")

    async def page(request: Request) -> Response:
        name = request.scope["path"].rpartition("/assets/")[2]
        if folder is None or name not in ASSETS:
            return await make(request)
        if name == _REDOC:
            return Response(_patched(folder / name), media_type="text/javascript")
        return FileResponse(folder / name)

    setattr(page, MARK, kind)
    made = Route(route.path, page, include_in_schema=False, name=route.name)
    if local:
        names = "|".join(map(re.escape, ASSETS))
        path = re.escape(route.path.rstrip("/"))
        made.path_regex = re.compile(f"^(?:{re.escape(route.path)}|{path}/assets/(?:{names}))$")
    return made


def _page(
    app: Any, kind: Kind, original: Callable[..., Any], folder: str
) -> Callable[[Request], Awaitable[HTMLResponse]]:
    """What makes a page: FastAPI's own, its assets from ``folder``, its scripts with the nonce."""
    from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
    from starlette.requests import Request
    from starlette.responses import HTMLResponse

    async def make(request: Request) -> HTMLResponse:
        # Below a mount with a parameter it is the caller's, and it goes into a script.
        root = quote(request.scope.get("root_path", "").rstrip("/"), safe="/")
        title = html.escape(str(app.title))
        found: HTMLResponse
        if kind == "oauth2" or not folder:
            found = await original(Request({**request.scope, "root_path": root}))
        elif kind == "swagger":
            redirect = app.swagger_ui_oauth2_redirect_url
            found = get_swagger_ui_html(
                openapi_url=root + app.openapi_url,
                title=f"{title} - Swagger UI",
                oauth2_redirect_url=root + redirect if redirect else None,
                init_oauth=app.swagger_ui_init_oauth,
                swagger_ui_parameters=app.swagger_ui_parameters,
                swagger_js_url=f"{root}{folder}/swagger-ui-bundle.js",
                swagger_css_url=f"{root}{folder}/swagger-ui.css",
                swagger_favicon_url=f"{root}{folder}/favicon.png",
            )
        else:
            found = get_redoc_html(
                openapi_url=root + app.openapi_url,
                title=f"{title} - ReDoc",
                redoc_js_url=f"{root}{folder}/{_REDOC}",
                redoc_favicon_url=f"{root}{folder}/favicon.png",
                with_google_fonts=False,
            )
        text = bytes(found.body).decode()
        nonce = csp_nonce(request)
        text = text.replace("<script", f'<script nonce="{nonce}"')
        text = text.replace("<style", f'<style nonce="{nonce}"')
        return HTMLResponse(text)

    return make


def policies(policy: Policy, signs_in_at: tuple[str, ...] = ()) -> Mapping[str, Policy]:
    """The application's policy as it is for the pages, by kind.

    Args:
        policy: Of the application.
        signs_in_at: Origins that Swagger UI gets tokens from, as far as that is known.
    """
    headers = policy.headers
    if headers is None:
        return {}
    local = assets() is not None
    return {
        kind: replace(policy, headers=_headers(headers, kind, signs_in_at, local=local))
        for kind in _KINDS
    }


_KINDS: tuple[Kind, ...] = ("swagger", "redoc", "oauth2")


def _headers(
    headers: HeaderPolicy, kind: Kind, signs_in_at: tuple[str, ...], *, local: bool
) -> HeaderPolicy:
    away = () if local or kind == "oauth2" else (_CDN_SCRIPTS[kind],)
    styles: dict[str, tuple[str, ...]] = {
        "swagger": ("'self'",) if local else (_CDN_STYLE,),
        "redoc": (NONCE, _EMPTY),
        "oauth2": (),
    }
    policy = ContentSecurityPolicy(
        script_src=(*(("'self'",) if local else away), NONCE),
        style_src=styles[kind],
        img_src=("'self'", "data:", *(() if local else (_CDN_ICON,))),
        connect_src=tuple(dict.fromkeys(("'self'", *(signs_in_at if kind == "swagger" else ())))),
        worker_src=("blob:",) if kind == "redoc" else (),
    )
    # A sign-in in a window of its own tells the page by its handle on it, which is lost where two pages on the way say
    # different things: others' pages say nothing, the application's own the same as this one.
    here = kind != "oauth2" or signs_in_at == ("'self'",)
    opener = OpenerPolicy("same-origin-allow-popups") if here else None
    return replace(
        headers,
        content_security_policy=policy,
        opener_policy=opener,
        # Files of the content network need not say that others may embed them.
        embedder_policy=headers.embedder_policy if local else None,
    )
