from fastapi import FastAPI

from failures import register

app = FastAPI()
register(app)


@app.get("/stock")
def stock(kind: str = "none"):
    return {"stock": {"lamp": 3}[kind]}
