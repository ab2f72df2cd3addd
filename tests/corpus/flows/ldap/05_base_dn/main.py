from fastapi import FastAPI

from people import members

app = FastAPI()


@app.get("/units/{unit}")
def unit(unit: str):
    return {"members": members(unit)}
