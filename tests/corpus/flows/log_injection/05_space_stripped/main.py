import logging
from logging.handlers import RotatingFileHandler

from fastapi import FastAPI

from searching import find

handler = RotatingFileHandler("search.log")
handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
logging.getLogger("search").addHandler(handler)
app = FastAPI()


@app.get("/search")
def search(q: str):
    return {"hits": find(q)}
