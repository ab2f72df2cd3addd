import re
import uuid

from fastapi import FastAPI, Request

app = FastAPI()
TRACE = re.compile(r"[A-Za-z0-9-]{1,64}")


@app.middleware("http")
async def trace(request: Request, call_next):
    wanted = request.query_params.get("trace", "")
    if not TRACE.fullmatch(wanted):
        wanted = str(uuid.uuid4())
    response = await call_next(request)
    response.headers["x-trace"] = wanted
    return response


@app.get("/")
def home():
    return {"ok": True}
