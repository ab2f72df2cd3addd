"""A real application with one field of a type, in every place where input comes from."""

# No postponed annotations: the type of a field is an argument here.

from typing import Annotated, Any

from fastapi import FastAPI, Form, Header, Query
from fastapi.testclient import TestClient
from httpx import Response
from pydantic import create_model

from buckler.guard import ProblemDetails, StrictModel


def client_for(kind: Any) -> TestClient:
    """``GET /query?value=``, ``GET /path/{value}``, ``GET /header``, ``POST /form``, ``POST /body`` with ``value``."""
    app = FastAPI()
    ProblemDetails(app)
    model: Any = create_model("Body", __base__=StrictModel, value=(kind, ...))

    @app.get("/query")
    async def query(value: Annotated[kind, Query()]) -> str:
        return str(value)

    @app.get("/path/{value:path}")
    async def path(value: kind) -> str:
        return str(value)

    @app.get("/header")
    async def header(x_value: Annotated[kind, Header()]) -> str:
        return str(x_value)

    @app.post("/form")
    async def form(value: Annotated[kind, Form()]) -> str:
        return str(value)

    @app.post("/body")
    async def body(body: model) -> str:
        return str(body.value)

    return TestClient(app)


def send(client: TestClient, value: Any) -> Response:
    """As a field of a body."""
    return client.post("/body", json={"value": value})


def everywhere(client: TestClient, value: str) -> list[int]:
    """Status by place: query, path, header, form, body."""
    return [
        client.get("/query", params={"value": value}).status_code,
        client.get("/path/" + value).status_code,
        client.get("/header", headers={"x-value": value}).status_code,
        client.post("/form", data={"value": value}).status_code,
        send(client, value).status_code,
    ]


def schema(client: TestClient) -> dict[str, Any]:
    """What the documentation says of the query's value."""
    found: dict[str, Any] = client.get("/openapi.json").json()["paths"]["/query"]["get"][
        "parameters"
    ][0]["schema"]
    return found
