from xml.etree import ElementTree

from fastapi import Body, FastAPI

app = FastAPI()
ROOT = ElementTree.parse("settings.xml").getroot()


@app.post("/settings")
def settings(payload: dict = Body()):
    user = payload["user"]
    found = ROOT.find("./user[@name='%s']" % user)
    return {"value": None if found is None else found.text}
