from fastapi import Body, FastAPI, HTTPException

from arithmetic import NotArithmetic, compiled

app = FastAPI()


@app.post("/tables")
def table(formula: str = Body(), rows: list[float] = Body()):
    try:
        code = compiled(formula)
    except NotArithmetic:
        raise HTTPException(400, "not arithmetic") from None
    return {"rows": [eval(code, {"__builtins__": {}}, {"value": row}) for row in rows]}
