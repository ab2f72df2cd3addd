from pathlib import Path

FOLDER = Path("uploads").resolve()
FOLDER.mkdir(exist_ok=True)


def target_for(name: str) -> Path:
    target = (FOLDER / name).resolve()
    if target.parent != FOLDER:
        raise ValueError(name)
    return target
