from xml.etree import ElementTree

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()


def supplier(data: bytes) -> str | None:
    return ElementTree.fromstring(data).findtext("name")


@app.post("/invoices")
async def invoice(request: Request):
    try:
        return {"supplier": supplier(await request.body())}
    except ElementTree.ParseError:
        raise HTTPException(400, "not XML") from None
