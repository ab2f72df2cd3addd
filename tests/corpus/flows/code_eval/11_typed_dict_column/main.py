from fastapi import Body, FastAPI

from tables import Column, computed

app = FastAPI()


@app.post("/tables")
def table(columns: list[Column] = Body(), rows: list[float] = Body()):
    return {"rows": [str(row) for row in computed(columns, rows)]}
