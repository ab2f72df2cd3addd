import secrets

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware

from routes import router


def create_app() -> FastAPI:
    session = Middleware(
        SessionMiddleware,
        secret_key=secrets.token_hex(32),
        https_only=True,
        max_age=3600,
        same_site="strict",
    )
    app = FastAPI(middleware=[session])
    app.include_router(router)
    return app
