from fastapi import FastAPI
from pydantic import BaseModel

from ruleset import load_rules

app = FastAPI()


class Rules(BaseModel):
    rules: str


@app.post("/rules")
def rules(body: Rules):
    return {"rules": str(load_rules(body.rules))}
