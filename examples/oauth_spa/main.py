"""The page of Birch orders: static files, and a policy that lets it talk to two others alone."""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from buckler.guard import ContentSecurityPolicy, Guard, HeaderPolicy, Policy, public
from fastapi import FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
ISSUER = os.environ.get("ISSUER", "http://127.0.0.1:8000")
SPA = os.environ.get("SPA", "http://127.0.0.1:8001")
API = os.environ.get("API", "http://127.0.0.1:8002")

app = FastAPI(title="Birch orders", openapi_url=None)
guard = Guard(
    app,
    Policy(
        headers=HeaderPolicy(
            content_security_policy=ContentSecurityPolicy(
                script_src=("'self'",),
                style_src=("'self'",),
                img_src=("'self'",),
                connect_src=("'self'", ISSUER, API),
            )
        )
    ),
    hosts=[urlsplit(SPA).hostname or ""],
    deny=True,
)


@app.get("/", dependencies=[public])
async def page() -> FileResponse:
    """The page; answers of the authorization server come back here, too."""
    return FileResponse(STATIC / "index.html")


@app.get("/settings.json", dependencies=[public])
async def settings() -> Response:
    """Whom the page talks to; nothing of it is secret."""
    said = {"issuer": ISSUER, "api": API, "client": "orders-page"}
    return Response(json.dumps(said), media_type="application/json")


app.mount("/static", public(StaticFiles(directory=STATIC)))
