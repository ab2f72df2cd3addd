import random
import secrets

from fastapi import FastAPI

app = FastAPI()
GREETINGS = ["Hello", "Hi", "Welcome"]


@app.post("/reset")
def reset():
    code = "".join(secrets.choice("0123456789") for _ in range(8))
    return {"token": code, "greeting": random.choice(GREETINGS)}
