import logging

from fastapi import FastAPI, Header

from redaction import configure

configure()
log = logging.getLogger("data")
app = FastAPI()


@app.get("/data")
def data(authorization: str = Header("")):
    log.info("called with %s", authorization)
    return {"ok": True}
