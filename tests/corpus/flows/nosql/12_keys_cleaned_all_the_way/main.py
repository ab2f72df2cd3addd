from fastapi import Body, FastAPI, HTTPException
from pymongo import MongoClient

from cleaning import OperatorError, refuse_operators

app = FastAPI()
contacts = MongoClient("mongodb://localhost")["crm"]["contacts"]


@app.post("/contacts/search")
def search(criteria: dict = Body(...)):
    try:
        refuse_operators(criteria)
    except OperatorError as error:
        raise HTTPException(400, "operators are not allowed") from error
    return [c["name"] for c in contacts.find(criteria)]
