from fastapi import Depends, FastAPI, Request

from keyserver import KeyServer, Rejected
from fastapi.responses import JSONResponse

app = FastAPI()


@app.exception_handler(Rejected)
async def rejected(request: Request, error: Rejected):
    return JSONResponse({"error": "bad token"}, status_code=401)


@app.get("/me")
def me(request: Request, server: KeyServer = Depends()):
    token = request.headers.get("authorization", "").split(" ")[-1]
    return server.verify(token)
