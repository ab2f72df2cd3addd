from fastapi import FastAPI, File

from restore import Restore
from settings import settings

app = FastAPI()


@app.post("/backups/restore")
async def restore(file: bytes = File()):
    job = Restore(settings.restore_folder, settings.tar_filter)
    return {"entries": job.run(file)}
