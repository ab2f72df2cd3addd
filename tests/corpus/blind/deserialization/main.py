import ast
import base64
import binascii
import hashlib
import hmac
import io
import json
import pickle
import secrets
import zlib
from pathlib import Path
from typing import Annotated

import yaml
from fastapi import BackgroundTasks, Cookie, Depends, FastAPI, File, Form, HTTPException
from fastapi import Request, Response, UploadFile
from pydantic import BaseModel, Field

import snapshots

KEY = secrets.token_bytes(32)
EMPTY = base64.urlsafe_b64encode(pickle.dumps({"items": []})).decode()
PACKED = base64.b64encode(zlib.compress(pickle.dumps([1, 2, 3]))).decode()
PICKLED = base64.b64encode(pickle.dumps(["a"])).decode()

app = FastAPI(title="Workbench")


class State(BaseModel):
    encoding: str = "zlib"
    blob: str = Field(examples=[PACKED])


class Restore(BaseModel):
    name: str = "bench"
    state: State


class Basket:
    def __init__(self, basket: Annotated[str, Cookie()] = EMPTY):
        try:
            self.content = pickle.loads(base64.urlsafe_b64decode(basket))
        except Exception:
            self.content = {"items": []}


def sealed(value: dict) -> str:
    body = pickle.dumps(value)
    mac = hmac.new(KEY, body, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac + body).decode()


def opened(parcel: Annotated[str | None, Cookie()] = None) -> dict:
    if parcel is None:
        return {}
    try:
        data = base64.urlsafe_b64decode(parcel)
    except binascii.Error:
        return {}
    expected = hmac.new(KEY, data[32:], hashlib.sha256).digest()
    if not hmac.compare_digest(data[:32], expected):
        return {}
    return pickle.loads(data[32:])


@app.get("/basket")
def basket(basket: Annotated[Basket, Depends()]):
    return {"kind": type(basket.content).__name__}


@app.get("/parcel")
def parcel(response: Response, content: Annotated[dict, Depends(opened)]):
    response.set_cookie("parcel", sealed({"seen": len(content) + 1}), httponly=True, secure=True)
    return {"items": len(content)}


@app.post("/restore")
def restore(order: Restore):
    raw = base64.b64decode(order.state.blob)
    if order.state.encoding == "zlib":
        try:
            raw = zlib.decompress(raw)
        except zlib.error:
            raise HTTPException(422, "not compressed") from None
    return {"name": order.name, "size": len(str(snapshots.thaw(raw)))}


@app.post("/restore/numbers")
def restore_numbers(order: Restore):
    try:
        raw = zlib.decompress(base64.b64decode(order.state.blob))
        return {"size": len(snapshots.NumberReader(io.BytesIO(raw)).load())}
    except Exception:
        raise HTTPException(422, "only lists of numbers") from None


@app.post("/settings")
async def settings(config: Annotated[UploadFile, File()]):
    try:
        loaded = yaml.load(await config.read(50_000), Loader=yaml.Loader)
    except yaml.YAMLError:
        raise HTTPException(422) from None
    return {"kind": type(loaded).__name__}


@app.post("/settings/team")
async def team_settings(config: Annotated[UploadFile, File()]):
    try:
        loaded = yaml.load(await config.read(50_000), Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        raise HTTPException(422) from None
    return {"kind": type(loaded).__name__}


@app.put(
    "/snapshots/{number}",
    openapi_extra={
        "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}}
    },
)
async def keep_snapshot(number: int, request: Request, tasks: BackgroundTasks):
    file = snapshots.keep(number, await request.body())
    tasks.add_task(snapshots.index, file)
    return {"kept": number}


@app.get("/cache/{key}")
def cached(key: str):
    file = Path(snapshots.FOLDER, hashlib.sha256(key.encode()).hexdigest() + ".cache")
    if not file.exists():
        file.write_bytes(pickle.dumps({"key": key, "length": len(key)}))
    return pickle.loads(file.read_bytes())


@app.post("/profiles")
def profile(text: Annotated[str, Form(examples=["name: Ada"])], strict: bool = False):
    try:
        read = yaml.safe_load if strict else snapshots.read_profile
        return {"kind": type(read(text)).__name__}
    except yaml.YAMLError:
        return {"kind": None}


@app.post("/points")
def points(text: Annotated[str, Form()] = "[1, 2]", dialect: str = "json"):
    try:
        loaded = json.loads(text) if dialect == "json" else ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise HTTPException(422) from None
    return {"kind": type(loaded).__name__}
