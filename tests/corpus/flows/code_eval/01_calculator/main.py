from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/calculate")
def calculate(expression: str):
    try:
        return {"result": str(eval(expression))}
    except (SyntaxError, NameError):
        raise HTTPException(400, "not an expression") from None
