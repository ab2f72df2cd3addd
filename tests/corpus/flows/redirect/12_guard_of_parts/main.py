from fastapi import FastAPI

from returning import ReturnTo

app = FastAPI()


@app.get("/signin/done")
async def done(return_to: str = "/"):
    return ReturnTo(return_to).response()
