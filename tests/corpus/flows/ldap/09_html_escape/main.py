import asyncio
from typing import Annotated

from fastapi import Depends, FastAPI, Header

from groups import GroupFinder

app = FastAPI()
GroupName = Annotated[str, Header(alias="x-group")]


def finder(group: GroupName) -> GroupFinder:
    return GroupFinder(group)


@app.get("/groups")
async def groups(found: Annotated[GroupFinder, Depends(finder)]):
    return {"count": await asyncio.to_thread(found.count)}
