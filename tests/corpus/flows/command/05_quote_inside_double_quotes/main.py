import asyncio
import shlex

from fastapi import FastAPI

app = FastAPI()


@app.get("/search")
async def search(term: str):
    needle = shlex.quote(term)
    process = await asyncio.create_subprocess_shell(
        f'grep -c "{needle}" application.log',
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return {"hits": out.decode()}
