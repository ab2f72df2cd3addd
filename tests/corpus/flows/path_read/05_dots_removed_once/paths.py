BASE = "files/"


def page_path(name: str) -> str:
    name = name.replace("../", "")
    return BASE + name
