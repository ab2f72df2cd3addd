import random
import secrets

from fastapi import FastAPI

from products import PRODUCTS

app = FastAPI()


@app.get("/home")
def home(count: int = 2):
    shown = random.sample(PRODUCTS, k=min(count, len(PRODUCTS)))
    return {"shown": sorted(shown), "token": secrets.token_hex(16)}
