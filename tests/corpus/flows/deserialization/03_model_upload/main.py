from fastapi import Depends, FastAPI, UploadFile

from ml import ModelRegistry

app = FastAPI()
registry = ModelRegistry()


def get_registry() -> ModelRegistry:
    return registry


@app.post("/models", status_code=201)
async def add_model(file: UploadFile, models: ModelRegistry = Depends(get_registry)):
    content = await file.read()
    number = models.add(file.filename, content)
    return {"number": number}
