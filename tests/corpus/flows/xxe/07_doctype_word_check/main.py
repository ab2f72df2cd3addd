from fastapi import FastAPI, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from invoices import supplier

app = FastAPI()


@app.post("/invoices")
async def invoice(request: Request):
    data = await request.body()
    if b"<!DOCTYPE" in data.upper():
        raise HTTPException(400, "document types are not allowed")
    return {"supplier": await run_in_threadpool(supplier, data)}
