import os


class ImageStore:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        os.makedirs(folder, exist_ok=True)

    def path(self, name: str) -> str:
        return "/".join([self.folder, name])

    async def put(self, upload) -> None:
        data = await upload.read()
        with open(self.path(upload.filename), "wb") as target:
            target.write(data)
