from fastapi import BackgroundTasks, FastAPI, Form

from media.worker import Thumbnailer

app = FastAPI()
thumbnails = Thumbnailer(width=320)


@app.post("/videos", status_code=202)
async def upload(tasks: BackgroundTasks, title: str = Form(...)):
    tasks.add_task(thumbnails.render, title, seconds=3)
    return {"queued": title}
