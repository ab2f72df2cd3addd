from fastapi import FastAPI, HTTPException

from jobs import UnknownJob, find

app = FastAPI()


@app.get("/jobs/run")
async def run(job: str = "nightly"):
    try:
        return {"result": find(job)}
    except UnknownJob as error:
        raise HTTPException(404, detail=error.public_message) from None
