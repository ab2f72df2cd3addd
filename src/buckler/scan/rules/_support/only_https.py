"""Whether an application answers over TLS alone: what makes Secure cookies a matter that nobody notices."""

from __future__ import annotations

import re

from buckler.scan.fix.draft import Draft
from buckler.scan.rules._support.mentions import mentioned

_REDIRECT = "starlette.middleware.httpsredirect.HTTPSRedirectMiddleware"
_APPLICATIONS = re.compile(r"\b(FastAPI|Starlette)\(")


def only_https(draft: Draft) -> bool:
    """Whether ``HTTPSRedirectMiddleware`` is always added to the one application of the project, in this file.

    A request over http never reaches a handler then, so a cookie has no use there.
    """
    index = draft.index
    made = [
        c for c in index.calls if index.name(c.func).rpartition(".")[2] in ("FastAPI", "Starlette")
    ]
    if len(made) != 1 or mentioned(draft.folder, _APPLICATIONS, besides=draft.path):
        return False
    return any(
        index.name(call.args[0]).replace("fastapi.", "starlette.") == _REDIRECT
        and index.parents.get(index.parents[call]) is index.tree
        for call in index.called("add_middleware")
        if len(call.args) == 1
    )
