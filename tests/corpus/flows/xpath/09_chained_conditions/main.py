from fastapi import FastAPI, Request

from parts import search

app = FastAPI()


@app.get("/parts")
async def parts(request: Request):
    return {"parts": search(dict(request.query_params))}
