import io
import tarfile


class Restore:
    def __init__(self, folder: str, tar_filter: str) -> None:
        self.folder = folder
        self.tar_filter = tar_filter

    def run(self, data: bytes) -> int:
        archive = tarfile.open(fileobj=io.BytesIO(data))
        archive.extractall(self.folder, filter=self.tar_filter)
        return len(archive.getnames())
