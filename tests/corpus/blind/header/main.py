import io
import json
import re
from typing import Annotated, Literal
from urllib.parse import quote, unquote

from fastapi import BackgroundTasks, Cookie, Depends, FastAPI, File, Form, HTTPException
from fastapi import Header, Response, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from pydantic import BaseModel, Field

app = FastAPI(title="Download counter")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}")


class Meta(BaseModel):
    source: str = Field(default="desk", max_length=200)
    count: int = 3


class Report(BaseModel):
    title: str = "totals"
    meta: Meta = Meta()


class CsvFile(PlainTextResponse):
    media_type = "text/csv"

    def __init__(self, content, name: str):
        super().__init__(content)
        self.headers.append("Content-Disposition", 'attachment; filename="{}.csv"'.format(name))


class Trace:
    def __init__(self, response: Response, x_trace: Annotated[str, Header()] = "t%2D1"):
        response.headers["X-Trace"] = unquote(x_trace)


def note(text: str) -> None:
    return None


@app.get("/exports")
def export(name: str = "totals"):
    return CsvFile("a,b\n1,2\n", name.strip())


@app.get("/exports/quoted")
def export_quoted(name: str = "totals"):
    disposition = "attachment; filename*=UTF-8''" + quote(name.strip(), safe="") + ".csv"
    return PlainTextResponse("a,b\n1,2\n", headers={"Content-Disposition": disposition})


@app.post("/reports")
async def report(order: Report, response: Response):
    response.headers["X-Report"] = f"{order.meta.source}; n={order.meta.count}"
    return {"title": order.title}


@app.post("/reports/meta")
async def report_meta(order: Report, response: Response):
    response.headers["X-Report"] = json.dumps(order.meta.model_dump())
    return {"title": order.title}


@app.get("/status", dependencies=[Depends(Trace)])
def status():
    return {"status": "fine"}


@app.get("/status/short")
def short_status(response: Response, x_trace: Annotated[str, Header()] = "t%2D1"):
    trace = unquote(x_trace)
    if not TOKEN.fullmatch(trace):
        raise HTTPException(400, "trace must be a token")
    response.headers["X-Trace"] = trace
    return {"status": "fine"}


@app.post("/echo")
async def echo(part: Annotated[UploadFile, File()]):
    content = await part.read(100_000)
    name = unquote(part.filename or "file")
    return StreamingResponse(
        io.BytesIO(content),
        media_type="application/octet-stream",
        headers={"Content-Disposition": "inline; filename=" + name},
    )


@app.post("/echo/renamed")
async def echo_renamed(part: Annotated[UploadFile, File()]):
    content = await part.read(100_000)
    name = re.sub(r"[^A-Za-z0-9.-]", "_", unquote(part.filename or "file"))
    return StreamingResponse(
        io.BytesIO(content),
        media_type="application/octet-stream",
        headers={"Content-Disposition": "inline; filename=" + name},
    )


@app.post("/language")
def language(choice: Annotated[str, Form(max_length=100)] = "en"):
    answer = JSONResponse({"language": choice})
    line = "lang=%s; Path=/; HttpOnly; Secure; SameSite=Lax" % choice
    answer.raw_headers.append((b"set-cookie", line.encode("latin-1", "replace")))
    return answer


@app.post("/theme")
def theme(choice: Annotated[str, Form(max_length=100)] = "light"):
    answer = JSONResponse({"theme": choice})
    value = quote(choice, safe="")
    answer.set_cookie("theme", value, httponly=True, secure=True, samesite="lax")
    return answer


@app.get("/page")
def page(
    response: Response,
    tasks: BackgroundTasks,
    number: int = 1,
    direction: Literal["next", "prev"] = "next",
    seen: Annotated[str, Cookie()] = "",
):
    tasks.add_task(note, seen)
    response.headers["Link"] = f'</page?number={number}>; rel="{direction}"'
    return {"page": number}
