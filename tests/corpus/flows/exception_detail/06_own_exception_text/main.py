from fastapi import FastAPI, HTTPException

from batch import BatchError, run_one

app = FastAPI()


@app.post("/batch")
def batch(names: list[str]):
    try:
        for name in names:
            run_one(name)
    except BatchError as error:
        raise HTTPException(409, detail=error.reason) from error
    return {"done": len(names)}
