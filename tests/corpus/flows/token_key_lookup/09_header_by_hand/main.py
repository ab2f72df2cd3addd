from fastapi import FastAPI, WebSocket

from handshake import authenticate

app = FastAPI()


@app.websocket("/feed")
async def feed(socket: WebSocket):
    await socket.accept()
    token = await socket.receive_text()
    claims = await authenticate(token)
    await socket.send_text("welcome" if claims else "refused")
    await socket.close()
