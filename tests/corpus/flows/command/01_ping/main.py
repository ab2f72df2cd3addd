import subprocess

from fastapi import FastAPI

app = FastAPI(title="Operations")


@app.get("/diagnostics/ping")
def ping(host: str, count: int = 3):
    done = subprocess.run(f"ping -c {count} {host}", shell=True, capture_output=True, text=True, timeout=10)
    return {"output": done.stdout, "code": done.returncode}
