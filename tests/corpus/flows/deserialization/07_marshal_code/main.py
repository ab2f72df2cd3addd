import base64
from functools import partial

from fastapi import FastAPI, Form

from snippets import run

app = FastAPI()
decode = partial(base64.b64decode, validate=True)


@app.post("/snippets")
def snippet(code: str = Form()):
    return {"names": run(decode(code))}
