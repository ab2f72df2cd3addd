from fastapi import FastAPI, WebSocket

from console import ACTIONS

app = FastAPI()


@app.websocket("/console")
async def console(socket: WebSocket):
    await socket.accept()
    line = await socket.receive_text()
    verb, _, rest = line.partition(" ")
    action = ACTIONS.get(verb)
    await socket.send_text(action(rest) if action else "unknown")
    await socket.close()
