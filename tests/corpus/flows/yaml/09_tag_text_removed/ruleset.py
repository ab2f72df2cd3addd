import yaml


def without_tags(text: str) -> str:
    return text.replace("!!python/name", "").replace("!!python/module", "")


def load_rules(text: str):
    prepared = without_tags(text)
    return yaml.load(prepared, Loader=yaml.UnsafeLoader)
