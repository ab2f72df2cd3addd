import yaml
from fastapi import FastAPI, Request

app = FastAPI()


@app.post("/pipelines")
async def pipelines(request: Request):
    text = (await request.body()).decode()
    document = yaml.load(text, Loader=yaml.UnsafeLoader)
    return {"kind": type(document).__name__}
