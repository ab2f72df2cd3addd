import random

from fastapi import FastAPI

app = FastAPI()


@app.post("/reset")
def reset():
    code = "".join(random.choices("0123456789", k=8))
    return {"token": code}
