from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, HTTPException, Request
from fastapi import WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

import gate

app = FastAPI(title="Boiler room")
boilers = {1: {"target": 21.0, "on": True}}
events: list[str] = ["start"]
Signed = Annotated[str, Depends(gate.signed_in)]


@app.middleware("http")
async def guard_internal(request: Request, call_next):
    internal = request.url.path.startswith("/internal")
    if internal and not gate.known(request.headers.get("x-api-key")):
        return JSONResponse({"detail": "key?"}, status_code=401)
    return await call_next(request)


app.add_middleware(gate.Wall, prefix="/plant")
rooms = APIRouter(prefix="/boilers", tags=["boilers"])


@rooms.get("/{number}", dependencies=[Depends(gate.signed_in)])
def boiler(number: int):
    return boilers.get(number, {})


@rooms.put("/{number}/target", dependencies=[Depends(gate.signed_in)])
def set_target(number: int, target: Annotated[float, Body(embed=True, ge=5, le=80)]):
    boilers.setdefault(number, {"on": True})["target"] = target
    return boilers[number]


@rooms.post("/{number}/switch")
def switch(number: int, on: Annotated[bool, Body(embed=True)]):
    boilers.setdefault(number, {"target": 20.0})["on"] = on
    return boilers[number]


@rooms.post("/{number}/restart")
@gate.keyed
async def restart(request: Request, number: int):
    events.append(f"restart {number}")
    del events[:-20]
    return {"restarted": number}


@rooms.delete("/{number}/alarm")
def quiet_alarm(number: int, key: Annotated[str | None, Depends(gate.maybe)]):
    events.append(f"alarm {number} quiet")
    del events[:-20]
    return {"alarm": False}


@rooms.delete("/{number}/schedule")
def drop_schedule(number: int, request: Request):
    if not gate.known(request.headers.get("x-api-key")):
        raise HTTPException(401, "key?")
    return {"schedule": None}


logbook = APIRouter(prefix="/log", dependencies=[Depends(gate.signed_in)])


@logbook.post("/lines", status_code=201)
def add_line(text: Annotated[str, Body(embed=True, max_length=200)]):
    events.append(text)
    del events[:-20]
    return {"lines": len(events)}


admin = FastAPI(title="Boiler room admin")


@admin.post("/reset")
def reset():
    boilers.clear()
    return {"boilers": 0}


@app.get("/internal/report")
def internal_report():
    return {"boilers": len(boilers)}


@app.websocket("/internal/feed")
async def internal_feed(socket: WebSocket):
    await socket.accept()
    try:
        while True:
            number = await socket.receive_text()
            await socket.send_json({"number": number, "events": events})
    except WebSocketDisconnect:
        return


@app.post("/plant/stop")
def stop_plant():
    for state in boilers.values():
        state["on"] = False
    return {"stopped": len(boilers)}


@app.websocket("/plant/feed")
async def plant_feed(socket: WebSocket):
    await socket.accept()
    await socket.send_json(events)
    await socket.close()


@app.get("/debug/events", include_in_schema=False)
def debug_events():
    return {"events": events, "boilers": boilers}


@app.get("/me")
def me(name: Signed):
    return {"name": name}


@app.get("/health")
def health():
    return {"status": "ok"}


app.include_router(rooms)
app.include_router(logbook)
app.mount("/admin", admin)
