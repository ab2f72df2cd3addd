from fastapi import FastAPI, HTTPException

from orders import load

app = FastAPI()


@app.get("/orders/{number}")
def order(number: int):
    try:
        return load(number)
    except Exception as error:
        raise HTTPException(500, detail=str(error))
