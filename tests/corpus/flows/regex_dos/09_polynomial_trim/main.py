from fastapi import Depends, FastAPI, Request

from texts import Cleaner

app = FastAPI()


async def body_text(request: Request) -> str:
    return (await request.body()).decode()


@app.post("/texts")
def texts(text: str = Depends(body_text), cleaner: Cleaner = Depends(Cleaner)):
    return {"length": len(cleaner.clean(text))}
