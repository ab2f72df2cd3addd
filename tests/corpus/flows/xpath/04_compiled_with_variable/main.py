from fastapi import FastAPI, Form

from prices import find

app = FastAPI()


@app.post("/prices")
def prices(sku: str = Form()):
    return {"prices": find(sku)}
