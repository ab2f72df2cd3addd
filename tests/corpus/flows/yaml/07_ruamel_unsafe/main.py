from fastapi import Depends, FastAPI, Form

from playbooks import PlaybookParser

app = FastAPI()


@app.post("/playbooks")
def playbooks(text: str = Form(), parser: PlaybookParser = Depends()):
    return {"plays": parser.count(text)}
