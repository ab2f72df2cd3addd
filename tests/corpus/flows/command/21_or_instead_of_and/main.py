from fastapi import FastAPI, HTTPException

from services import restart

app = FastAPI()


def plausible(unit: str) -> bool:
    return len(unit) < 200 or unit.isalnum()


@app.get("/services/restart")
def restart_unit(unit: str):
    if not plausible(unit):
        raise HTTPException(400, "bad unit")
    return {"code": restart(unit)}
