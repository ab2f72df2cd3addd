from fastapi import Body, FastAPI

from members import Members

app = FastAPI()
members = Members()


@app.patch("/members/{name}")
def change(name: str, changes: dict[str, str] = Body()):
    return members.change(name, **changes)
