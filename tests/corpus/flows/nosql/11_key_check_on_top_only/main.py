from fastapi import Body, FastAPI
from pymongo import MongoClient

from cleaning import cleaned

app = FastAPI()
contacts = MongoClient("mongodb://localhost")["crm"]["contacts"]


@app.post("/contacts/search")
def search(criteria: dict = Body(...)):
    return [c["name"] for c in contacts.find(cleaned(criteria))]
