"""SEC001: secrets that are written into the source."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Module
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import index_of
from buckler.scan.python.keys import weak_keys
from buckler.scan.python.written import written_secrets
from buckler.scan.rules._support.source import written
from buckler.scan.rules.secrets._fixes.environment import from_environment


class HardCodedSecret(Rule):
    """A password, key or token is written into the source.

    ## What it is
    A secret stands in the code: assigned to a name, given to a call, or as the default that holds
    where the environment says nothing.

    ## Why it matters
    Everybody who can read the repository has it: all colleagues of all years, the build server, every
    copy on a laptop, and everybody if the repository is published once. It cannot be changed without
    a release, and it stays in the history when the line is gone.

    ## How to fix
    Read it from the environment without a default, ``jwt_secret: SecretStr`` in a Settings class, and
    let the start-up fail where it is missing. Then change the secret: the old one is known.

    ## How to check
    Start with an empty environment: the application must refuse.

    ## Roll-out
    Put the value into the environment or the secret store first, then change the code, then rotate.

    ## References
    CWE-798; OWASP A07:2025; ASVS 5.0 V13.3.1 and V13.2.3.
    """

    id = "SEC001"
    name = "hard-coded-secret"
    title = "Hard-coded secret"
    severity = Severity.HIGH
    cwe = (798, 259, 321)
    owasp = ("API8:2023", "A07:2021", "A07:2025")
    asvs = ("V13.3.1", "V13.2.3")
    fix = Fix(
        "read it from the environment, without a default: jwt_secret: SecretStr",
        before='jwt_secret: str = "silver-harbour-2024"',
        after="jwt_secret: SecretStr",
    )
    bad = (
        Example(
            """
            import os

            from fastapi import FastAPI

            app = FastAPI()
            PAYMENT_API_KEY = os.getenv("PAYMENT_API_KEY", "pay_7c1fT5mWqz27LdXe0RvKj3Nb6YhPs4Ua")


            @app.get("/")
            def home() -> bool:
                return bool(PAYMENT_API_KEY)
            """,
            line=6,
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic_settings import BaseSettings


            class Settings(BaseSettings):
                database_url: str = "postgresql://ferry:Anchor-rope-47@db.internal/ferry"
                mail_password: str = "Nw4cY8rTf6Ms2Vj9"


            app = FastAPI()
            settings = Settings()


            @app.get("/")
            def home() -> bool:
                return bool(settings.mail_password)
            """,
        ),
        Example(
            """
            import jwt
            from fastapi import FastAPI, HTTPException

            app = FastAPI()


            @app.get("/me")
            def me(token: str) -> str:
                try:
                    return str(jwt.decode(token, "the-mill-by-the-brook-grinds-slowly", algorithms=["HS256"])["sub"])
                except jwt.PyJWTError as error:
                    raise HTTPException(401) from error
            """,
            line=10,
        ),
    )
    good = (
        Example(
            """
            import os
            from enum import StrEnum

            from fastapi import FastAPI
            from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
            from pydantic import BaseModel, Field, SecretStr
            from pydantic_settings import BaseSettings

            TOKEN_COOKIE = "shop_token"
            PASSWORD_LABEL = "Your password"
            CSRF_TOKEN = "csrf-token"
            JWT = "urn:ietf:params:oauth:token-type:jwt"
            API_KEY_SHA256 = "dc8eb3ae59b537c9ff95a51356a330521dafacda5391da1b96dfee1337faae1f"
            PUBLIC_KEY = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="


            class Kind(StrEnum):
                PASSWORD = "password-grant-2"
                TOKEN = "token-exchange-8693"


            class Settings(BaseSettings):
                api_key: SecretStr = SecretStr("")
                database_url: str = "postgresql://shop@db.internal/shop"
                cache_url: str = "redis://localhost:6379/0"


            class SignIn(BaseModel):
                password: str = Field(min_length=12, examples=["four Words and 1 number"])
                token_type: str = "bearer"


            app = FastAPI()
            scheme = OAuth2PasswordBearer(tokenUrl="/auth/token-2026")
            header = APIKeyHeader(name="X-API-Key")
            secret = os.environ.get("SHOP_SECRET", "")


            @app.post("/token")
            def token(sign_in: SignIn) -> str:
                messages = {"password": "This password does not fit (401)", "token": "Sign in again"}
                return messages["password"] if secret else ""
            """,
        ),
    )

    def check_source(self, module: Module) -> Iterable[Finding]:
        """Constants that go by the name of a secret, have the form of one, or are used to sign."""
        index = index_of(module)
        # The rule about weak keys tells of those.
        seen = {(value.path, value.node.lineno) for value, _ in weak_keys(index)}
        for value, what in written_secrets(index):
            key = (value.path, value.node.lineno)
            if key not in seen:
                seen.add(key)
                where = ", as a default" if value.default else ""
                yield self.found(
                    f"{what} is written into the source{where}.",
                    confidence=Confidence.OBSERVED,
                    location=written(value),
                )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """The environment, without a value that stands in for it."""
        name = from_environment(draft, finding.location.line or 0)
        return draft.repair(
            f"reads {name} from the environment" if name else "reads it from the environment",
            safe=False,
            changes=f"the application does not start until {name} is set; change the secret as well, "
            "since the history of the repository keeps it",
        )
