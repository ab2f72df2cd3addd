from fastapi import Body, FastAPI

from orders.parsing import names

app = FastAPI()


@app.post("/orders")
def orders(document: bytes = Body(media_type="application/xml")):
    return {"names": names(document)}
