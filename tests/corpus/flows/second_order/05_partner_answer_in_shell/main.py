import httpx
from fastapi import FastAPI

from deploy import switch_to

app = FastAPI()
RELEASES = "https://releases.partner.example/latest"


@app.post("/deploy")
async def deploy():
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.get(RELEASES)
    tag = answer.json()["tag"]
    return {"code": switch_to(tag)}
