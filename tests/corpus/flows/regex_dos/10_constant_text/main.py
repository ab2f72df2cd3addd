from fastapi import FastAPI

from flags import FLAGS

app = FastAPI()


@app.get("/flags/{name}")
def flag(name: str):
    return {"on": FLAGS.get(name, False)}
