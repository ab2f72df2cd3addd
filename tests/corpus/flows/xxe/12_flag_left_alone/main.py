from fastapi import FastAPI, Request

from maps import names

app = FastAPI()


@app.post("/maps")
async def maps(request: Request):
    return {"names": names(await request.body())}
