from fastapi import FastAPI, Header

from sorting import sort_key

app = FastAPI()
ROWS = [{"name": "north", "total": 4}, {"name": "south", "total": 2}]


@app.get("/report")
def report(x_sort: str = Header("row['name']")):
    return sorted(ROWS, key=sort_key(x_sort))
