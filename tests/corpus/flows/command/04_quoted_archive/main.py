from fastapi import BackgroundTasks, FastAPI

from exporting import pack

app = FastAPI()


@app.post("/exports/{name}")
async def export(name: str, tasks: BackgroundTasks):
    tasks.add_task(pack, name)
    return {"state": "started"}
