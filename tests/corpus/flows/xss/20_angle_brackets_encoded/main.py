from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse

from quotes import Quote

app = FastAPI(default_response_class=HTMLResponse)


@app.get("/quotes")
def quote(text: str = Query(min_length=1)):
    return Quote(text).html()
