import operator as op

from fastapi import FastAPI, HTTPException

app = FastAPI()
OPERATIONS = {"add": op.add, "sub": op.sub, "mul": op.mul}


@app.get("/calculate")
def calculate(left: float, operator: str, right: float):
    function = OPERATIONS.get(operator)
    if function is None:
        raise HTTPException(400, "unknown operator")
    return {"result": function(left, right)}
