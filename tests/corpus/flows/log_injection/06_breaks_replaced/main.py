import logging

from fastapi import FastAPI

from printable import one_line

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
app = FastAPI()


@app.get("/search")
def search(q: str):
    logging.info("query: %s", one_line(q))
    return {"hits": []}
