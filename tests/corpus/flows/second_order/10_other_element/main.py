from fastapi import BackgroundTasks, Body, FastAPI

from hooks import notify
from memory import ACCOUNTS

app = FastAPI()


@app.put("/accounts/{number}/hook")
def save(number: int, address: str = Body(embed=True)):
    ACCOUNTS[number] = {"hook": "https://hooks.shop.example/orders", "shown": address}
    return {"saved": True}


@app.post("/accounts/{number}/orders", status_code=201)
def order(number: int, tasks: BackgroundTasks):
    account = ACCOUNTS.get(number, {})
    if "hook" in account:
        tasks.add_task(notify, account["hook"], {"order": 1})
    return {"order": 1, "shown": account.get("shown")}
