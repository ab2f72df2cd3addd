import io
from xml import sax

from fastapi import Body, FastAPI

app = FastAPI()


class Names(sax.ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def characters(self, content: str) -> None:
        self.text.append(content)


@app.post("/orders")
def orders(document: bytes = Body(media_type="application/xml")):
    handler = Names()
    parser = sax.make_parser()
    parser.setContentHandler(handler)
    parser.parse(io.BytesIO(document))
    return {"text": "".join(handler.text)}
