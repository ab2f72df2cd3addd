from fastapi import Depends, FastAPI

from audit import Trail, trail

app = FastAPI()


@app.delete("/orders/{number}")
def cancel(number: int, reason: str = "", log: Trail = Depends(trail)):
    log.record("cancelled", order=number, reason=reason)
    return {"cancelled": number}
