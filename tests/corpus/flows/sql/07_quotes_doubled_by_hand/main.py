from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from tickets import load

app = FastAPI()


@app.get("/tickets")
async def tickets(project: str):
    rows = await run_in_threadpool(load, project)
    return {"tickets": rows}
