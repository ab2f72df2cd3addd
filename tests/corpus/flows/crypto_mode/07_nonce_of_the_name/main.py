from fastapi import Body, FastAPI

from tokens import TokenBox

app = FastAPI()
box = TokenBox(purpose="invite")


@app.post("/tokens")
def token(text: str = Body(embed=True)):
    return {"data": box.seal(text)}
