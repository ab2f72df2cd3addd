import ast

from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/matrix")
def matrix(rows: str):
    try:
        values = ast.literal_eval(rows)
    except (ValueError, SyntaxError):
        raise HTTPException(400, "not a matrix") from None
    return {"sum": sum(sum(row) for row in values)}
