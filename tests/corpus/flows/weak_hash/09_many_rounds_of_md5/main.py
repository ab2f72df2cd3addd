from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from pydantic import BaseModel

from stretch import stretch

app = FastAPI()
pool = ThreadPoolExecutor(2)
pins: list[str] = []


class Pin(BaseModel):
    pin: str


@app.post("/pins")
def save(body: Pin):
    password_hash = pool.submit(stretch, body.pin, rounds=1000).result()
    pins.append(password_hash)
    return {"pins": len(pins)}
