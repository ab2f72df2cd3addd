import shlex
import subprocess

from fastapi import FastAPI, Query

app = FastAPI()


def arguments(pattern: str, context: int) -> list[str]:
    line = f"grep -n -C {context} {pattern} application.log"
    return shlex.split(line)


@app.get("/logs")
def logs(pattern: str = Query(max_length=100), context: int = 0):
    done = subprocess.run(arguments(pattern, context), capture_output=True, text=True)
    return {"lines": done.stdout.splitlines()}
