from xml.etree import ElementTree

from fastapi import Body, FastAPI

app = FastAPI()
ROOT = ElementTree.parse("settings.xml").getroot()


@app.post("/settings")
def settings(payload: dict = Body()):
    user = payload["user"]
    for element in ROOT.findall("./user[@name]"):
        if element.get("name") == user:
            return {"value": element.text}
    return {"value": None}
