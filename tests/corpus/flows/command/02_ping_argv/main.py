import subprocess

from fastapi import FastAPI, HTTPException

app = FastAPI(title="Operations")


@app.get("/diagnostics/ping")
def ping(host: str, count: int = 3):
    if host.startswith("-"):
        raise HTTPException(422, "not a host")
    command = ["ping", "-c", str(count), host]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    return {"output": done.stdout, "code": done.returncode}
