from fastapi import FastAPI

from rules import Rule, RuleEngine
from pydantic import BaseModel

app = FastAPI()


class Trial(BaseModel):
    rule: Rule
    sample: dict[str, float]


@app.post("/rules/test")
def test_rule(trial: Trial):
    engine = RuleEngine()
    engine.add(trial.rule)
    return {"matches": engine.matches(trial.sample)}
