"""The application and its guard. `main.py` adds the parts of the shop to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from buckler.guard import (
    Argon2Parameters,
    AuthPolicy,
    ContentSecurityPolicy,
    Cors,
    Guard,
    HeaderPolicy,
    SqlStores,
    SqlUsers,
    WebSocketLimits,
)
from fastapi import FastAPI

from app.audit import audit
from app.config import settings
from app.db import create_tables, engine
from app.mailer import deliver
from app.models import User
from app.seed import seed

ROLES = {
    "accountant": ["orders:export", "sales:read"],
    "support": ["tickets:read"],
    "admin": ["*"],
}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Make the tables and the first rows; send what is to be sent, and close the database at the end."""
    await create_tables()
    await seed(guard.identities)
    yield
    await guard.identities.accounts.outbox.drain()
    await engine.dispose()


app = FastAPI(
    title=settings.title,
    lifespan=lifespan,
    openapi_url="/openapi.json" if settings.development else None,
    docs_url="/docs" if settings.development else None,
    redoc_url=None,
)
accounts = SqlUsers(
    User, id=User.id, name=User.email, password=User.password_hash, verified=User.verified
)
guard = Guard(
    app,
    headers=HeaderPolicy(
        content_security_policy=ContentSecurityPolicy(
            style_src=("'self'",), img_src=("'self'",), form_action=("'self'",)
        )
    ),
    hosts=settings.allowed_hosts,
    https="redirect" if settings.https_redirect else None,
    events=audit,
    cors=Cors(settings.site_origins),
    websocket=WebSocketLimits(origins=settings.site_origins),
    body=settings.max_body,
    upload=settings.max_body,
    secret=settings.secret.get_secret_value(),
    database=SqlStores(
        settings.database_url, users=accounts, create=settings.database_url.startswith("sqlite")
    ),
    roles=ROLES,
    auth=AuthPolicy(
        ways=["session", "bearer", "api_key"],
        base_url=settings.public_url,
        deliver=deliver,
        key_prefix="acorn",
        verified_only=True,
        hashing=Argon2Parameters(settings.password_memory, settings.password_passes),
    ),
    docs="public",
)
