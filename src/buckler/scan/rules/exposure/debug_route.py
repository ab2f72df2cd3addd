"""EXP005: a route that answers with the settings of the process."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Exchange
from buckler.scan.engines.observations import Observations
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair, Wanted
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.access import done
from buckler.scan.rules._support.applications import route_at
from buckler.scan.rules._support.data import parsed
from buckler.scan.rules._support.evidence import at, shown
from buckler.scan.rules._support.settings import (
    digest,
    lines,
    planted,
    settings_in,
    shown_secrets,
)
from buckler.scan.rules.exposure._fixes.left_out import answer_without

FIELDS = "fields"


class DebugRouteExposesSettings(Rule):
    """A route answers with settings or the environment, secrets included.

    ## What it is
    A route for debugging, status or diagnosis returns ``settings.model_dump()``, ``os.environ`` or the like.
    Keys and passwords are among the values.

    ## Why it matters
    With the signing key anybody makes tokens for any user; with the password of the database they need no
    application any more.

    ## How to fix
    Take the route out. If something of it is needed, name the few values that are no secrets, and ask for
    an administrator. Keep secrets as ``SecretStr``, which writes itself as stars. ``requires(…,
    recent=300)`` of ``buckler.guard`` asks for somebody who has just shown who they are.

    ## How to check
    The answer holds no value that must not be known.

    ## Roll-out
    Change every secret that the route showed: it must be taken as known.

    ## References
    CWE-200, CWE-215; OWASP API8:2023; ASVS 5.0 V13.4.5, V13.4.2.
    """

    id = "EXP005"
    name = "debug-route-exposes-settings"
    title = "Route exposes settings"
    severity = Severity.CRITICAL
    cwe = (200, 215)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V13.4.5", "V13.4.2")
    control = "guard.access"
    fix = Fix(
        "name the few values that are no secrets",
        before="return settings.model_dump()",
        after='return {"version": settings.version}',
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI

            app = FastAPI()
            SETTINGS = {"title": "Shop", "debug": False, "jwt_secret": "k3yk3yk3yk3yk3y", "database_url": "sqlite://"}


            @app.get("/about")
            def about() -> dict[str, object]:
                return SETTINGS
            """,
            line=8,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic_settings import BaseSettings


            class Options(BaseSettings):
                greeting: str = "Good morning"
                signing_secret: str = "k3yk3yk3yk3yk3y"
                page_size: int = 20


            app = FastAPI()
            options = Options()


            @app.get("/hello")
            def hello() -> Options:
                return options
            """,
            line=16,
        ),
        Example(
            """
            import os

            from fastapi import FastAPI
            from fastapi.responses import PlainTextResponse

            app = FastAPI()
            os.environ["SHOP_API_KEY"] = "k3yk3yk3yk3yk3y"


            @app.get("/debug/env", response_class=PlainTextResponse)
            def env() -> str:
                return "\\n".join(f"{name}={value}" for name, value in os.environ.items())
            """,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel, SecretStr

            app = FastAPI()


            class Settings(BaseModel):
                title: str = "Shop"
                debug: bool = False
                jwt_secret: SecretStr = SecretStr("k3yk3yk3yk3yk3y")


            @app.get("/internal/config")
            def config() -> Settings:
                return Settings()


            @app.get("/status")
            def status() -> dict[str, str]:
                return {"status": "ok", "version": "1.2.0", "host": "web-1"}


            @app.get("/config/clients/{number}")
            def client(number: int) -> dict[str, object]:
                return {"id": number, "secret": "k3yk3yk3yk3yk3y", "callback_url": "https://a.test/", "host": "a.test"}


            @app.get("/debug/keys")
            def new_key() -> dict[str, str]:
                return {"api_key": "k3yk3yk3yk3yk3y", "docs_url": "https://a.test/docs"}


            @app.post("/token")
            def token() -> dict[str, str]:
                return {"access_token": "abcdefgh", "token_type": "bearer"}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Answers that list settings with secrets."""
        for operation in app.operations:
            for name, exchange in sorted(
                seen.matrix.get(operation.key, {}).items(), key=lambda i: i[0] or ""
            ):
                secrets = shows_settings(exchange, app)
                own = planted(exchange.answer.text, app.configured) if done(exchange) else ""
                if own and not secrets:
                    secrets = [app.configured[digest(own)]]
                if secrets:
                    who = "anybody" if name is None else str(name)
                    found = self.found(
                        f"{operation.key} shows {who} settings: {', '.join(secrets[:4])}.",
                        confidence=Confidence.PROVED,
                        severity=Severity.CRITICAL if name is None else Severity.HIGH,
                        location=at(operation),
                        proof=(
                            shown(
                                exchange,
                                seen.identities,
                                mark=secrets[0],
                                why="secrets among the values",
                                secrets=[*values_of(exchange, secrets), *([own] if own else [])],
                            ),
                        ),
                    )
                    yield replace(found, context={FIELDS: tuple(secrets)})
                    break

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """``response_model_exclude`` with the names of the secrets."""
        found = route_at(draft, finding)
        names = finding.context.get(FIELDS, ())
        if found is None or not names or not answer_without(draft, *found, names):
            return None
        return draft.repair(
            f"leaves {', '.join(names)} out of the answer",
            safe=False,
            changes=f"the answer comes without {', '.join(names)}",
            wanted=Wanted(without=frozenset(names)),
        )


def values_of(exchange: Exchange, names: Iterable[str]) -> list[str]:
    """The values of these names in an answer, for the redactor."""
    wanted = set(names)
    return [value for name, value in _listed(exchange) if name in wanted and isinstance(value, str)]


def shows_settings(exchange: Exchange, app: AppModel) -> list[str]:
    """Names of secrets in an answer that lists settings; empty where it does not."""
    if done(exchange) is None or exchange.request.method != "GET":
        return []
    return shown_secrets(_listed(exchange), app.configured)


def _listed(exchange: Exchange) -> list[tuple[str, Any]]:
    """Names and values in an answer: of a JSON object, or lines of ``NAME=value``."""
    if "json" in exchange.answer.media_type:
        return list(settings_in(parsed(exchange.answer.body)))
    return lines(exchange.answer.text) if exchange.answer.media_type.startswith("text/") else []
