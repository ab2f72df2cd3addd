from fastapi import Depends, FastAPI, Header
from pydantic import BaseModel

from projects import Project

app = FastAPI()


class ProjectIn(BaseModel):
    title: str
    owner: str | None = None


def principal(authorization: str = Header("anonymous")) -> str:
    return "user-of-" + str(len(authorization))


@app.post("/projects")
def create(body: ProjectIn, user: str = Depends(principal)):
    values = body.model_dump()
    values["owner"] = user
    project = Project(**values)
    return {"title": project.title, "owner": project.owner}
