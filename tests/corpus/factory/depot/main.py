from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from .accounts import Accounts
from .routes import auth, orders, tools
from .settings import Settings, get_settings
from .stock import Stock


async def on_lookup_error(request: Request, error: LookupError) -> JSONResponse:
    return JSONResponse({"detail": "unknown"}, status_code=404)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.stock = await Stock.open()
        yield
        await app.state.stock.close()

    app = FastAPI(title=f"Depot {settings.region}"[:40], lifespan=lifespan)
    app.state.settings = settings
    app.state.accounts = Accounts()
    app.add_exception_handler(LookupError, on_lookup_error)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.partner_origins,
        allow_origin_regex=r"https://.*northwind\.example",
        allow_credentials=True,
        allow_headers=["authorization"],
    )
    api = APIRouter(prefix="/api")
    for module in (auth, orders, tools):
        api.include_router(module.router)
    app.include_router(api)
    return app
