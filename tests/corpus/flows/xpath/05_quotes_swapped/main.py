from fastapi import FastAPI

from network import stations

app = FastAPI()


@app.get("/stations")
def line(line: str):
    return {"stations": stations(line)}
