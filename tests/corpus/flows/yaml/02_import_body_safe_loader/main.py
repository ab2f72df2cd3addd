import yaml
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


@app.post("/pipelines")
async def pipelines(request: Request):
    text = (await request.body()).decode()
    try:
        document = yaml.load(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise HTTPException(400, "not YAML") from error
    return {"kind": type(document).__name__}
