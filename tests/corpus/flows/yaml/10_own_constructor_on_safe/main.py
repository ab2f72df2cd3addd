import yaml
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from loaders import MoneyLoader

app = FastAPI()


class Rules(BaseModel):
    rules: str


@app.post("/rules")
def rules(body: Rules):
    try:
        loaded = yaml.load(body.rules, Loader=MoneyLoader)
    except yaml.YAMLError:
        raise HTTPException(400, "not a set of rules") from None
    return {"rules": str(loaded)}
