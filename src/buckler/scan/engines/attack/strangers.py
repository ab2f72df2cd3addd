"""What somebody else can send: made-up credentials, a websocket or a form of another site.

CWE-287, CWE-1385, CWE-352.
"""

from __future__ import annotations

import base64
import copy

from buckler.scan.engines.attack.drafts import Draft
from buckler.scan.engines.attack.exchanges import exchanged, is_open
from buckler.scan.engines.attack.explore import Explorer
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange, Identity
from buckler.scan.model.application import Operation, SecurityScheme

FOREIGN_ORIGIN = "https://buckler-origin.test"
REFUSED = (401, 403)
MADE_UP = "buckler-made-this-up-0123456789"


class Strangers:
    """Sends requests that nobody who is entitled would send.

    Args:
        run: The run.
        explorer: Knows how operations are reached.

    """

    def __init__(self, run: Run, explorer: Explorer) -> None:
        self._run = run
        self._explorer = explorer

    def collect(self) -> None:
        """Send everything."""
        for operation in self._run.operations:
            draft = self._explorer.drafts.get(operation.key)
            if draft is None or self._run.states[operation.key].lost:
                continue
            if operation.is_websocket:
                self._websocket(operation, draft)
                continue
            self._forged(operation, draft)
            self._lax(operation, draft)
            if operation.changes_state:
                self._cross_site(operation, draft)

    def _send(
        self, operation: Operation, draft: Draft, identity: Identity | None
    ) -> Exchange | None:
        request = draft.request(identity, self._run.client())
        return exchanged(self._run, operation, request)

    def _websocket(self, operation: Operation, draft: Draft) -> None:
        foreign = copy.deepcopy(draft)
        foreign.headers["origin"] = FOREIGN_ORIGIN
        foreign.attacked = frozenset({"header:origin"})
        for identity in (None, *(cookies_only(i) for i in self._run.identities.values())):
            if identity is not None and not identity.headers:
                continue
            exchange = self._send(operation, foreign, identity)
            if exchange is not None:
                self._run.seen.websockets.setdefault(operation.key, []).append(exchange)

    def _forged(self, operation: Operation, draft: Draft) -> None:
        if not operation.security or is_open(self._run, operation):
            return
        made = copy.deepcopy(draft)
        for scheme in operation.security:
            forge(made, scheme)
        exchange = self._send(operation, made, None)
        if exchange is not None and exchange.reached and exchange.answer.ok:
            self._run.seen.forged[operation.key] = exchange

    def _lax(self, operation: Operation, draft: Draft) -> None:
        """A credential that may be missing, and is refused where it is wrong."""
        cells = self._run.seen.matrix.get(operation.key, {})
        for scheme in operation.security:
            if scheme.auto_error or scheme.type.lower() != "apikey" or scheme.where != "header":
                continue
            header = (scheme.name or "").lower()
            for name in (None, *(i.name for i in self._run.identities.values())):
                cell = cells.get(name)
                if cell is None or not (cell.reached and cell.answer.ok):
                    continue
                if not header or cell.request.header(header) is not None:
                    continue
                made = copy.deepcopy(draft)
                forge(made, scheme)
                exchange = self._send(operation, made, self._run.identity(name))
                if exchange and not exchange.reached and exchange.answer.status in REFUSED:
                    self._run.seen.lax[operation.key] = (scheme, cell, exchange)
                    return
                break

    def _cross_site(self, operation: Operation, draft: Draft) -> None:
        """The request as a form of another site would send it, with the visitor's cookies."""
        if is_open(self._run, operation):
            return
        for identity in self._run.identities.values():
            visitor = cookies_only(identity)
            if not visitor.headers:
                continue
            foreign = copy.deepcopy(draft)
            foreign.headers = {"origin": FOREIGN_ORIGIN, "referer": f"{FOREIGN_ORIGIN}/"}
            foreign.cookies = {}
            if operation.body is not None and operation.body.is_json:
                foreign.headers["content-type"] = "text/plain"
            exchange = self._send(operation, foreign, visitor)
            if exchange is not None and exchange.reached and exchange.answer.ok:
                self._run.seen.cross_site[operation.key] = exchange
                return


def cookies_only(identity: Identity) -> Identity:
    """What a browser sends by itself in the name of an identity."""
    cookies = tuple(pair for pair in identity.headers if pair[0].lower() == "cookie")
    return Identity(identity.name, identity.role, cookies)


def forge(draft: Draft, scheme: SecurityScheme) -> None:
    """Put made-up credentials where a scheme looks for them."""
    if scheme.type.lower() == "apikey" and scheme.name:
        if scheme.where == "header":
            draft.headers[scheme.name.lower()] = MADE_UP
        elif scheme.where == "cookie":
            draft.cookies[scheme.name] = MADE_UP
        elif scheme.where == "query":
            draft.query = [
                *((k, v) for k, v in draft.query if k != scheme.name),
                (scheme.name, MADE_UP),
            ]
    elif "basic" in scheme.cls.lower():
        draft.headers["authorization"] = (
            "Basic " + base64.b64encode(f"buckler:{MADE_UP}".encode()).decode()
        )
    elif "digest" in scheme.cls.lower():
        draft.headers["authorization"] = f"Digest {MADE_UP}"
    else:
        draft.headers["authorization"] = f"Bearer {MADE_UP}"
