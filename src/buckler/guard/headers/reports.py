"""Takes the reports that browsers send of a policy (CSP3, 5; Reporting API), and keeps what they say.

Threat: a policy that nobody dares to enforce since nobody knows what it would break; and an endpoint that
anybody may fill: it is bounded in size, number and rate, and so are the events that come of it (CWE-117,
CWE-770). What it is told stays text: an event's reason is one of the directives that CSP has, never the
caller's own words.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from buckler.guard.audit.events import EventKind, Listener, SecurityEvent
from buckler.guard.headers.content_security_policy import DIRECTIVES, ContentSecurityPolicy
from buckler.guard.headers.policy import HeaderPolicy
from buckler.guard.inbound import of
from buckler.guard.limits.memory import MemoryCounter
from buckler.guard.limits.rate import Rate
from buckler.guard.options import GuardError, count
from buckler.guard.policy import MARK, RoutePolicy

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

GROUP: Final = "csp"
MAX_BODY: Final = "64 KiB"
MAX_AT_ONCE: Final = 20
MAX_TEXT: Final = 300
OTHER: Final = "other"
"""Reason of an event whose directive is none of CSP's."""
_HEADER = "reporting-endpoints"
_WORD = re.compile(r"[a-z][a-z-]{0,40}")
"""``inline``, ``eval``, ``trusted-types-sink``, or a scheme (CSP3, 5.2)."""
_PATH = re.compile(r"""/[^\s"\\;,{}?#\x00-\x20\x7f-\U0010ffff]*""")
"""What stands in the policy, in a header and as a route's path, all without a parameter."""
_TYPES = ("application/csp-report", "application/reports+json", "application/json")


@dataclass(frozen=True, slots=True)
class Violation:
    """What a browser did not load or run, or would not have.

    Attributes:
        directive: Of the policy.
        blocked: Origin of what was blocked, its scheme, or ``inline``, ``eval`` and the like.
        page: Path of the page.
        source: Address of the script, without query.
        line: In the source; 0 where it is not told.
        disposition: ``enforce`` or ``report``.
    """

    directive: str
    blocked: str
    page: str
    source: str = ""
    line: int = 0
    disposition: str = "enforce"


class Reports:
    """The violations that were reported, each once with a count; the oldest go first.

    Args:
        path: Of the endpoint.
        most: Different violations that are kept.
        events: New ones that are told as events, whoever sends them; what is left out is counted
            in the next event (``untold``).

    Raises:
        GuardError: An option is wrong.
    """

    def __init__(
        self, path: str = "/csp-reports", *, most: int = 1000, events: str | Rate = "30/minute"
    ) -> None:
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            raise GuardError(
                f"csp_reports: {path!r} is no path", hint="write csp_reports='/csp-reports'"
            )
        self.path = path
        self._most = count(most, "most")
        self._seen: OrderedDict[Violation, int] = OrderedDict()
        self._lock = Lock()
        self._counter = MemoryCounter(Rate.of(events))
        self._untold = 0

    def __iter__(self) -> Iterator[tuple[Violation, int]]:
        """Violations and how often each was reported, the oldest first."""
        with self._lock:
            return iter(list(self._seen.items()))

    def add(self, violation: Violation) -> bool:
        """Count a violation; whether it is new."""
        with self._lock:
            known = self._seen.get(violation)
            self._seen[violation] = (known or 0) + 1
            self._seen.move_to_end(violation)
            if len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return known is None

    def told(self, policy: HeaderPolicy, root: str = "") -> HeaderPolicy:
        """A policy whose browsers report here.

        Args:
            policy: What a route's answers say.
            root: Root path of the request; it may hold what a caller wrote, below a mount.
        """
        if not policy.policies:
            return policy
        parts = filter(None, (quote(root.strip("/"), safe="/"), self.path.strip("/")))
        place = "/" + "/".join(parts)
        telling = tuple(
            replace(one, report_uri=one.report_uri or place, report_to=one.report_to or GROUP)
            for one in policy.policies
        )
        own = [value for name, value in policy.extra.items() if name.lower() == _HEADER]
        extra = {name: value for name, value in policy.extra.items() if name.lower() != _HEADER}
        extra[_HEADER] = ", ".join((*own, f'{GROUP}="{place}"'))
        return replace(policy, content_security_policy=_as_given(telling), extra=extra)

    def untold(self) -> int | None:
        """How many were left out since the last event; None: leave this one out, too."""
        with self._lock:
            if self._counter.take("", monotonic()) < 0:
                self._untold += 1
                return None
            left, self._untold = self._untold, 0
        return left

    def route(self, events: Listener | None) -> Any:
        """The endpoint, as a route of Starlette's.

        Args:
            events: Gets each new violation.
        """
        from starlette.responses import Response
        from starlette.routing import Route

        async def take(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind not in _TYPES:
                return Response(status_code=415)
            for violation in islice(read(await request.body()), MAX_AT_ONCE):
                untold = self.untold() if self.add(violation) else None
                if events is not None and untold is not None:
                    events(_event(request, self.path, violation, untold))
            return Response(status_code=204)

        wish = RoutePolicy(csrf=None, body=MAX_BODY, rate="60/minute")
        setattr(take, MARK, (wish,))
        return Route(self.path, take, methods=["POST"], include_in_schema=False)


def _as_given(
    policies: tuple[ContentSecurityPolicy, ...],
) -> ContentSecurityPolicy | tuple[ContentSecurityPolicy, ...]:
    return policies[0] if len(policies) == 1 else policies


def read(body: bytes) -> Iterator[Violation]:
    """The violations in a report, of either format; nothing where it is none."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return
    for one in content if isinstance(content, list) else [content]:
        if not isinstance(one, Mapping):
            continue
        told = one.get("csp-report", one.get("body"))
        if isinstance(told, Mapping) and one.get("type", "csp-violation") == "csp-violation":
            yield _violation(told)


def _violation(told: Mapping[str, Any]) -> Violation:
    def text(*names: str) -> str:
        found = next((told[name] for name in names if isinstance(told.get(name), str)), "")
        return "".join(c for c in found if c.isprintable())[:MAX_TEXT]

    line = told.get("line-number", told.get("lineNumber", 0))
    return Violation(
        directive=text("effective-directive", "effectiveDirective", "violated-directive").split(
            " "
        )[0],
        blocked=_origin(text("blocked-uri", "blockedURL")),
        page=_path(text("document-uri", "documentURL")),
        source=_address(text("source-file", "sourceFile")),
        line=line if type(line) is int and 0 <= line < 2**31 else 0,
        disposition="report" if text("disposition") == "report" else "enforce",
    )


def _origin(url: str) -> str:
    """The origin of an address, or the word that stands for it; nothing of its path."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.netloc:
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    word = parts.scheme or url
    return word if _WORD.fullmatch(word) else ""


def _address(url: str) -> str:
    """An address without what may be secret in it: query, fragment, name and password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return (_origin(url) if parts.netloc else "") + parts.path


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _event(request: Request, route: str, violation: Violation, untold: int) -> SecurityEvent:
    inbound = of(request.scope)
    directive = violation.directive
    return SecurityEvent(
        kind=EventKind.POLICY_VIOLATED,
        reason=directive if directive in DIRECTIVES else OTHER,
        message="A browser reported a violation of the content security policy",
        request_id=inbound.id if inbound else "",
        client=inbound.client if inbound else "",
        route=route,
        method="POST",
        detail={
            "blocked": violation.blocked,
            "page": violation.page,
            "source": violation.source,
            "line": violation.line,
            "disposition": violation.disposition,
            **({"untold": untold} if untold else {}),
        },
    )
