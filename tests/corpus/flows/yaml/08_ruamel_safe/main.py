from fastapi import FastAPI, Form, HTTPException
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

app = FastAPI()
parser = YAML(typ="safe", pure=True)


@app.post("/playbooks")
def playbooks(text: str = Form()):
    try:
        plays = parser.load(text)
    except YAMLError:
        raise HTTPException(400, "not a playbook") from None
    return {"plays": len(plays) if isinstance(plays, list) else 1}
