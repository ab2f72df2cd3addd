import random
import uuid

from fastapi import FastAPI

app = FastAPI()
COLOURS = ("red", "green")


@app.post("/vouchers")
def voucher(value: int = 10):
    secret_code = uuid.uuid4().hex
    colour = random.choice(COLOURS)
    return {"token": secret_code, "value": value, "colour": colour}
