import base64
import http.client
import ipaddress
import socket
import urllib.request
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import BackgroundTasks, FastAPI, Form, Header, HTTPException, Path, Query
from pydantic import BaseModel, HttpUrl

import outbound

app = FastAPI(title="Link desk")
FEEDS = {
    "news": "http://feeds.northwind.example/news.xml",
    "jobs": "http://feeds.northwind.example/jobs.xml",
}
PARTNERS = {"api.northwind.example", "files.northwind.example"}


class Target(BaseModel):
    name: str = "ci"
    url: HttpUrl


class Hook(BaseModel):
    event: str = "push"
    target: Target


@app.get("/preview")
def preview(url: Annotated[str, Query(examples=["http://docs.northwind.example/"])]):
    try:
        with urllib.request.urlopen(url.strip(), timeout=3) as answer:
            return {"title": answer.read(200).decode(errors="replace")}
    except (OSError, ValueError, http.client.HTTPException):
        return {"title": None}


@app.get("/preview/partner")
def partner_preview(
    url: Annotated[str, Query(examples=["http://api.northwind.example/status"])],
):
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.netloc not in PARTNERS:
        raise HTTPException(400, "not one of our partners")
    try:
        with outbound.opener.open(url, timeout=3) as answer:
            return {"title": answer.read(200).decode(errors="replace")}
    except (OSError, ValueError, http.client.HTTPException):
        return {"title": None}


@app.post("/hooks", status_code=202)
async def add_hook(hook: Hook, tasks: BackgroundTasks):
    tasks.add_task(outbound.announce, str(hook.target.url), hook.event)
    return {"queued": hook.target.name}


@app.post("/hooks/describe")
async def describe_hook(hook: Hook):
    parts = urlsplit(str(hook.target.url))
    return {
        "name": hook.target.name,
        "host": parts.hostname,
        "secure": parts.scheme == "https",
    }


@app.get("/favicons/{host}")
def favicon(host: Annotated[str, Path(examples=["docs.northwind.example"])]):
    connection = http.client.HTTPConnection(host, timeout=3)
    try:
        connection.request("GET", "/favicon.ico")
        return {"size": len(connection.getresponse().read(10_000))}
    except (OSError, http.client.HTTPException):
        return {"size": 0}
    finally:
        connection.close()


@app.get("/avatars/{user}")
def avatar(user: str):
    connection = http.client.HTTPConnection("avatars.northwind.example", timeout=3)
    try:
        connection.request("GET", "/v1/" + quote(user, safe=""))
        return {"size": len(connection.getresponse().read(10_000))}
    except (OSError, http.client.HTTPException):
        return {"size": 0}
    finally:
        connection.close()


@app.post("/feeds")
async def import_feed(
    feed: Annotated[str, Form(examples=["http://feeds.northwind.example/news.xml"])],
):
    if "feeds.northwind.example" not in feed:
        raise HTTPException(400, "only feeds of Northwind")
    return {"bytes": await outbound.size_of(feed)}


@app.get("/feeds/{name}")
async def named_feed(name: Annotated[str, Path(examples=["news"])]):
    address = FEEDS.get(name)
    if address is None:
        raise HTTPException(404)
    return {"bytes": await outbound.size_of_known(address)}


def endpoint(
    x_endpoint: Annotated[str, Header()] = "bG9ncy5ub3J0aHdpbmQuZXhhbXBsZTo1MTQ=",
) -> tuple[str, int]:
    try:
        host, _, port = base64.b64decode(x_endpoint).decode().rpartition(":")
        return host, int(port)
    except ValueError:
        raise HTTPException(400, "endpoint must be base64 of host:port") from None


@app.get("/ports")
def port_state(
    x_endpoint: Annotated[str, Header()] = "bG9ncy5ub3J0aHdpbmQuZXhhbXBsZTo1MTQ=",
):
    address = endpoint(x_endpoint)
    try:
        with socket.create_connection(address, timeout=2):
            return {"open": True}
    except (OSError, ValueError, OverflowError):
        return {"open": False}


@app.get("/mirror")
def mirror(host: Annotated[str, Query(examples=["mirror.northwind.example"])]):
    try:
        found = socket.getaddrinfo(host, 80, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, ValueError):
        return {"reachable": False}
    addresses = [ipaddress.ip_address(item[4][0]) for item in found]
    if not addresses or not all(a.is_global and not a.is_multicast for a in addresses):
        return {"reachable": False}
    try:
        with socket.create_connection((str(addresses[0]), 80), timeout=2):
            return {"reachable": True}
    except OSError:
        return {"reachable": False}
