import pickle
import tempfile
from functools import partial
from pathlib import Path

import yaml

FOLDER = tempfile.mkdtemp(prefix="bench")
SIZES: dict[str, int] = {}
read_profile = partial(yaml.load, Loader=yaml.UnsafeLoader)


class NumberReader(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError("no classes")


def thaw(raw: bytes):
    try:
        return pickle.loads(raw)
    except Exception:
        return None


def keep(number: int, body: bytes) -> Path:
    file = Path(FOLDER, f"{number}.snap")
    file.write_bytes(body)
    return file


def index(file: Path) -> None:
    with file.open("rb") as handle:
        try:
            SIZES[file.stem] = len(pickle.Unpickler(handle).load())
        except Exception:
            SIZES[file.stem] = 0
