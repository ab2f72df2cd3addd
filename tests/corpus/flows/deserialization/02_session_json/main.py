import base64
import binascii
import json
import pickle

from fastapi import Cookie, FastAPI, HTTPException

app = FastAPI()
EMPTY = pickle.dumps([])


@app.get("/basket")
def basket(basket: str | None = Cookie(default=None)):
    if basket is None:
        return {"items": pickle.loads(EMPTY)}
    try:
        items = json.loads(base64.b64decode(basket))
    except (binascii.Error, ValueError):
        raise HTTPException(400, "not a basket") from None
    return {"items": list(items)}
