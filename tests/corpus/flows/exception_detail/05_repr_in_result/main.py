from fastapi import FastAPI

from batch import run_all

app = FastAPI()


@app.post("/batch")
def batch(names: list[str]):
    return {"results": run_all(names)}
