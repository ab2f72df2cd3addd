import os


def save_preview(key: str, content: bytes) -> str:
    folder = os.path.join("uploads", key[:2])
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, key + ".png")
    with open(path, "wb") as stream:
        stream.write(content)
    return path
