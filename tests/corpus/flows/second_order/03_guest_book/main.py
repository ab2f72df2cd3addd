from fastapi import FastAPI, Form
from fastapi.responses import HTMLResponse

import book

app = FastAPI()


@app.post("/guests")
def write(entry: str = Form(max_length=500)):
    book.entries.append(entry)
    return {"entries": len(book.entries)}


@app.get("/guests", response_class=HTMLResponse)
def read():
    return "<ul>%s</ul>" % "".join(book.items())
