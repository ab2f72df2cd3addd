from fastapi import FastAPI, Request

from accounts import change

app = FastAPI()


@app.post("/accounts/{number}")
async def account(number: int, request: Request):
    async with request.form() as form:
        values = {name: value for name, value in form.items() if isinstance(value, str)}
    return change(number, **values)
