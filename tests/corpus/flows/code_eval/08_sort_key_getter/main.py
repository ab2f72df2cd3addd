from operator import itemgetter

from fastapi import FastAPI, Header, HTTPException

app = FastAPI()
ROWS = [{"name": "north", "total": 4}, {"name": "south", "total": 2}]


@app.get("/report")
def report(x_sort: str = Header("name")):
    if x_sort not in ROWS[0]:
        raise HTTPException(400, "no such column")
    return sorted(ROWS, key=itemgetter(x_sort))
