from typing import Annotated

from fastapi import Depends, FastAPI

from security import Client, current_client

app = FastAPI()


@app.get("/data")
def data(client: Annotated[Client, Depends(current_client)]):
    return {"client": client.name}
