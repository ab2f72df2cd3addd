from fastapi import FastAPI
from pydantic import BaseModel
from pymongo import MongoClient

from stats import pipeline_for

app = FastAPI()
db = MongoClient("mongodb://localhost")["shop"]


class StatsRequest(BaseModel):
    match: dict
    by: str


@app.post("/stats")
def stats(request: StatsRequest):
    return list(db["orders"].aggregate(pipeline_for(request)))
