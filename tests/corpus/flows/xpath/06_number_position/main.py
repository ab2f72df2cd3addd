from fastapi import FastAPI, Query
from lxml import etree

app = FastAPI()
TREE = etree.parse("network.xml")


@app.get("/stations")
def station(position: int = Query(ge=1)):
    found = TREE.xpath(f"/net/line[@id='U1']/station[{position}]/@name")
    return {"stations": [str(name) for name in found]}
