from fastapi import FastAPI, Request
from lxml import etree

app = FastAPI()


@app.post("/books")
async def books(request: Request):
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(await request.body(), parser)
    return {"name": root.findtext("name")}
