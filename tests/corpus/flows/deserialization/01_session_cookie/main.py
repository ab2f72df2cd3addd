import base64
import pickle

from fastapi import Cookie, FastAPI

app = FastAPI()


@app.get("/basket")
def basket(basket: str | None = Cookie(default=None)):
    if basket is None:
        return {"items": []}
    items = pickle.loads(base64.b64decode(basket))
    return {"items": list(items)}
