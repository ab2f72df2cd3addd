import runpy
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI, Request

app = FastAPI()
pool = ThreadPoolExecutor(max_workers=2)


@app.post("/scripts/run")
async def run_script(request: Request):
    body = await request.json()
    module = body["module"].removesuffix(".py")
    future = pool.submit(runpy.run_module, module)
    return {"names": len(future.result(timeout=5))}
