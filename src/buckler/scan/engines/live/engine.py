"""The live engine: find out what a site has, look at every kind of its answers, and let the rules judge."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from buckler.core.errors import SiteError
from buckler.core.events import GapFound, Listener
from buckler.core.finding import Finding
from buckler.core.report import OperationCoverage
from buckler.core.rule import Rule
from buckler.core.settings import Settings
from buckler.scan.engines.attack.canaries import Canaries, prefix_of
from buckler.scan.engines.attack.covering import covered
from buckler.scan.engines.attack.explore import Explorer, order_of
from buckler.scan.engines.attack.identities import sign_in_all
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.attack.tokens import forge_sign_ins
from buckler.scan.engines.interface import (
    ChecksObservations,
    ChecksSite,
    Exchange,
    ExposedFile,
    Probe,
    Request,
    SiteSeen,
)
from buckler.scan.engines.live import exposed, tls
from buckler.scan.engines.live.attacking import SiteAttacker
from buckler.scan.engines.live.client import Client
from buckler.scan.engines.live.comparing import compare, reading
from buckler.scan.engines.live.finding_out import Finder
from buckler.scan.engines.live.known import Known
from buckler.scan.engines.live.observing import SiteObserver
from buckler.scan.engines.live.pages import changes_something
from buckler.scan.engines.live.session import SiteSession
from buckler.scan.engines.live.site import PORTS, Bounds, Site
from buckler.scan.model.application import AppModel, Operation

SAFE = ("GET", "HEAD", "OPTIONS")
CLOSED = "not sent: it may change what the site holds"
UNCLEAR = "answered with a form to sign in, or with what it answers to every address"
NOTHING_THERE = "answered 404: nothing is there by the values that could be tried"
NOT_PERMITTED = "no attack value and no unusual request was sent: nobody said that this site may be tested, or --no-attack was given"


class LiveEngine:
    """Looks at one site.

    Args:
        site: Its address.
        bounds: How much it is asked, and what is allowed.
        settings: Identities, exclusions and the seed.
        rules: The rules that may run.
        emit: Gets gaps, progress and notes.
        document: An OpenAPI document of the user's, or None.

    Attributes:
        model: The application as far as the site shows it; None until :meth:`run` knows it.
        known: What was found out.
        cut_short: Why not every kind of answer was asked for; empty where it was.
        begun: How the address that was typed was answered, in words.
    """

    def __init__(
        self,
        site: Site,
        bounds: Bounds,
        settings: Settings,
        rules: Iterable[Rule],
        emit: Listener,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        self._site, self._bounds, self._settings = site, bounds, settings
        self._document = document
        self._rules, self._emit = tuple(rules), emit
        self.model: AppModel | None = None
        self.known = Known()
        self.cut_short, self.begun = "", ""
        self.requests = 0
        self._run: Run | None = None

    def run(self) -> list[Finding]:
        """Look at the site.

        Raises:
            SiteError: It does not answer.
        """
        with Client(self._site, self._bounds) as client:
            session = SiteSession(client, self._site, self._emit)
            finder = Finder(
                session,
                self._site,
                self._emit,
                self._settings.exclude,
                permitted=self._bounds.permitted,
                given=self._document,
            )
            try:
                return self._looked(client, session, finder)
            finally:
                self.requests = client.requests + self.requests

    def coverage(self) -> list[OperationCoverage]:
        """How far each operation was looked at."""
        return covered(self._run) if self._run is not None else []

    def _looked(self, client: Client, session: SiteSession, finder: Finder) -> list[Finding]:
        first = self._contact(finder)
        absent = finder.learn_absent()
        nothing = self.known.model(self._site, ())
        run = self._made(session, nothing)
        sign_in_all(run)
        self.known = finder.find(next(iter(run.identities.values()), None))
        self.model = self.known.model(self._site, self._settings.public)
        chosen, unsent = self._chosen(self.model)
        run.model, run.operations = replace(self.model, operations=chosen), chosen
        self._run = run
        explorer = self._explored(run, session)
        self._explain(run, session, finder.starts)
        observer = SiteObserver(run, explorer, session, self.known)
        for exchange in run.seen.everything:
            run.keep_failure(exchange)
        observer.visit([first, *absent])
        files: tuple[ExposedFile, ...] = ()
        found: list[Finding] = []
        if self._bounds.permitted:
            files = self._exposed(session, finder)
            observer.provoke(unsent)
            self.cut_short = client.spent
            session.kept_back = self._bounds.requests // 5  # for the attacks
            compare(run, explorer)
            run.seen.forgeries += forge_sign_ins(reading(run), explorer)
            session.kept_back = 0
            found = SiteAttacker(run, explorer).attack(sorted(chosen, key=order_of))
        else:
            self._emit(GapFound("attacks", NOT_PERMITTED, "--permitted, if you may"))
            self.cut_short = client.spent
        observer.sort()
        return [*found, *self._judged(run, self._seen(first, files))]

    def _explored(self, run: Run, session: SiteSession) -> Explorer:
        """Reach the operations with two thirds of the requests: other kinds of answers take the rest."""
        explorer = Explorer(run)
        run.visit_pages = explorer.visit_pages
        session.kept_back = self._bounds.requests // 3
        explorer.explore()
        session.kept_back = 0
        return explorer

    @staticmethod
    def _explain(run: Run, session: SiteSession, starts: Iterable[str]) -> None:
        """Why operations are not called reached whose answer alone does not say it.

        The page where a site begins was seen, also where every other address is answered with it.
        """
        keys = {f"GET {path}" for path in starts}
        for key, state in run.states.items():
            if state.status == 404:
                state.why = NOTHING_THERE
            if state.reached or not 200 <= (state.status or 0) < 300:
                continue
            cell = run.seen.matrix[key].get(None)
            state.reached = (
                key in keys
                and cell is not None
                and session.likeness.is_absent(cell.request, cell.answer)
            )
            state.why = "" if state.reached else UNCLEAR

    def _exposed(self, session: SiteSession, finder: Finder) -> tuple[ExposedFile, ...]:
        """Files that lie about, but for what the site answers to every address."""
        folders = (*_folders(self.known.files), self._site.path.rpartition("/")[0])
        asked = finder.get(exposed.paths(tuple(folder for folder in folders if folder)))
        absent = session.likeness.is_absent
        return tuple(exposed.judged([e for e in asked if not absent(e.request, e.answer)]))

    def _contact(self, finder: Finder) -> Exchange:
        """The first request, by which a site is known to be there.

        Raises:
            SiteError: It is not.
        """
        first = finder.get([self._site.path])
        answer = first[0].answer if first else None
        if answer is None or answer.status is None:
            why = str((answer.error or {}).get("message") if answer else "nothing could be sent")
            raise SiteError(f"{self._site.origin} does not answer: {why}", hint=_hint(why))
        self.begun = f"{self._site.path} was answered {answer.status}"
        return first[0]

    def _chosen(self, model: AppModel) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
        """Operations that are asked, and those that are not because they change something."""
        excluded = set(self._settings.exclude)
        all_of_them = self._bounds.writes and self._bounds.permitted
        chosen, unsent = [], []
        for operation in model.operations:
            if operation.key in excluded:
                self._emit(GapFound(operation.key, "excluded", "take it out of --exclude"))
            elif all_of_them or _is_safe(operation):
                chosen.append(operation)
            else:
                unsent.append(operation)
                self._emit(GapFound(operation.key, CLOSED, "--writes"))
        return tuple(chosen), tuple(unsent)

    def _made(self, session: SiteSession, model: AppModel) -> Run:
        return Run(
            session=session,
            model=model,
            settings=self._settings,
            rules=self._rules,
            canaries=Canaries[Probe](prefix_of(self._settings.seed), session.plant),
            emit=self._emit,
            deadline=time.monotonic() + self._bounds.total,
            host=self._site.netloc,
        )

    def _seen(self, first: Exchange, files: tuple[ExposedFile, ...]) -> SiteSeen:
        site = self._site
        if site.scheme == "http":
            return SiteSeen(plain=None if site.is_loopback else first, exposed=files)
        shaken = tls.look(site, self._bounds.seconds, verify=self._bounds.verify)
        if shaken is None:
            self._emit(GapFound("TLS", "a handshake beside the requests came to no end"))
        if not self._bounds.verify:
            self._emit(GapFound("the certificate", "not checked", "leave --insecure-tls out"))
        return SiteSeen(tls=shaken, plain=self._plain(), exposed=files)

    def _plain(self) -> Exchange | None:
        """What the same host answers without TLS, at the port that browsers take."""
        if self._site.port != PORTS["https"]:
            return None
        site = replace(self._site, scheme="http", port=PORTS["http"])
        with Client(site, replace(self._bounds, requests=1)) as client:
            session = SiteSession(client, site, self._emit)
            request = session.addressed(Request("GET", site.path, headers=(("host", site.netloc),)))
            answer = client.ask([request])[0]
            self.requests += client.requests
        return Exchange(None, request, answer) if answer and answer.status is not None else None

    def _judged(self, run: Run, site: SiteSeen) -> list[Finding]:
        found: list[Finding] = []
        for rule in run.rules:
            if isinstance(rule, ChecksObservations):
                found += rule.check_observations(run.model, run.seen)
            if isinstance(rule, ChecksSite):
                found += rule.check_site(site)
        return found


def _is_safe(operation: Operation) -> bool:
    """Whether a visitor's click may send it (RFC 9110, 9.2.1) and its name speaks of no change."""
    return operation.method in SAFE and not changes_something(operation.path)


def _folders(files: Iterable[str]) -> tuple[str, ...]:
    """The first folder below which the files of pages lie."""
    heads = [path.split("/")[1] for path in files if path.count("/") > 1]
    return tuple(f"/{head}" for head in dict.fromkeys(heads))[:1]


def _hint(why: str) -> str:
    if "refused" in why:
        return "is it running, and is that its port?"
    if "no host" in why:
        return "is the name spelled right?"
    if "certificate" in why:
        return "--insecure-tls looks at it all the same"
    if "within" in why:
        return "--request-timeout SECONDS gives it longer"
    return "open it in a browser: is it a site, and http or https?"
