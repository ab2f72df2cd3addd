import subprocess

from fastapi import FastAPI

from checking import words_only

app = FastAPI()


@app.post("/hosts")
@words_only("name")
def host(name: str, port: int = 22):
    code = subprocess.call(f"host {name} && echo {port}", shell=True)
    return {"code": code}
