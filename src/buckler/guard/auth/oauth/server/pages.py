"""The pages of the server: sign-in, second factor, agreement, errors. A project's own templates take their place.

Threat: an agreement in a frame of somebody else's (CWE-1021; RFC 9700, 4.16), a client's name that is markup (CWE-79). Every
page is under a policy that lets in no script and no frame, and works without one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from buckler.guard.options import GuardError

FOLDER: Final = Path(__file__).parent / "templates"
NAMES: Final = (
    *("layout.html", "sign_in.html", "second_factor.html", "consent.html", "error.html"),
    *("device.html", "sign_out.html", "done.html"),
)


class Pages:
    """Renders them.

    Args:
        folder: With templates of a project's own, named as ours; empty for none.
        style: Address of the style sheet.
        context: What every page gets.

    Raises:
        GuardError: There is no such folder.
    """

    __slots__ = ("_context", "_environment")

    def __init__(self, folder: str, style: str, **context: Any) -> None:
        loaders: list[Any] = [FileSystemLoader(FOLDER)]
        if folder:
            if not Path(folder).is_dir():
                raise GuardError(
                    f"templates: there is no folder {folder!r}",
                    hint="copy a page of ours there, and change it; see docs/oauth.md",
                )
            loaders.insert(0, FileSystemLoader(folder))
        self._environment = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._context = {"style": style, **context}

    def page(
        self,
        name: str,
        *,
        status: int = 200,
        form_action: str = "",
        **values: Any,
    ) -> Response:
        """A page.

        Args:
            name: Of its template, without ``.html``.
            status: Of the answer.
            form_action: Where its form leads to in the end, beside the own site: a source of CSP.
            values: For the template.
        """
        template = self._environment.get_template(f"{name}.html")
        html = template.render({**self._context, **values})
        policy = (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' {form_action}"
        ).strip()
        return HTMLResponse(
            html,
            status,
            headers={
                "Content-Security-Policy": policy,
                "X-Frame-Options": "DENY",
                "Cache-Control": "no-store",
                # To no other site. With no-referrer the page's own forms come with "Origin: null" (Fetch, 3.1), and browsers
                # without Fetch Metadata have nothing else to say whose they are by.
                "Referrer-Policy": "same-origin",
            },
        )


def in_words(seconds: float) -> str:
    """A time for people, e.g. ``90 days`` (ASVS 5.0 V10.7.2)."""
    for name, length in (("day", 86_400.0), ("hour", 3_600.0), ("minute", 60.0)):
        if seconds >= length:
            count = round(seconds / length)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return "a minute"
