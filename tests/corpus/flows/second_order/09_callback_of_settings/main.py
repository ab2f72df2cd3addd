from fastapi import BackgroundTasks, Body, FastAPI

from hooks import notify
from memory import ACCOUNTS

app = FastAPI()


@app.put("/accounts/{number}/hook")
def save(number: int, address: str = Body(embed=True)):
    ACCOUNTS.setdefault(number, {})["hook"] = address
    return {"saved": True}


@app.post("/accounts/{number}/orders", status_code=201)
def order(number: int, tasks: BackgroundTasks):
    account = ACCOUNTS.get(number, {})
    if "hook" in account:
        tasks.add_task(notify, account["hook"], {"order": 1})
    return {"order": 1}
