from fastapi import FastAPI

from searching import Search, run

app = FastAPI()


@app.post("/search")
async def search(body: Search):
    return {"found": await run(body)}
