import subprocess

from fastapi import FastAPI, Query

from tools import grep_command

app = FastAPI()


@app.get("/logs")
def logs(pattern: str = Query(max_length=100)):
    done = subprocess.run(grep_command(pattern), capture_output=True, text=True)
    return {"lines": done.stdout.splitlines()}
