from fastapi import Depends, FastAPI, Header

from deploy import Deployer

app = FastAPI()


async def branch_of(x_branch: str = Header("main")) -> str:
    return x_branch.strip()


@app.post("/hooks/deploy")
async def deploy(branch: str = Depends(branch_of)):
    deployer = Deployer(branch)
    deployer.run()
    return {"deployed": branch}
