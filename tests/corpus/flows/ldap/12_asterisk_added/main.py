from fastapi import FastAPI, Query

from phonebook import PhoneBook

app = FastAPI()
book = PhoneBook()


@app.get("/search")
def search(q: str = Query(min_length=2)):
    return {"people": book.search(q)}
