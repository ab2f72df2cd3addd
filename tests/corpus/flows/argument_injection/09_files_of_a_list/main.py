from fastapi import BackgroundTasks, FastAPI

from bundles import make_bundle

app = FastAPI()


@app.post("/bundles", status_code=202)
async def bundle(names: list[str], tasks: BackgroundTasks):
    tasks.add_task(make_bundle, *names)
    return {"files": len(names)}
