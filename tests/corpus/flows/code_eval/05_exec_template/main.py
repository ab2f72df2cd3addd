from typing import Annotated

from fastapi import FastAPI, Form

from generator import build_class

app = FastAPI()


@app.post("/models")
async def models(name: Annotated[str, Form()], fields: Annotated[str, Form()] = ""):
    made = build_class(name, [field for field in fields.split(",") if field.isidentifier()])
    return {"made": sorted(made)}
