import yaml


def read_config(data: bytes, loader):
    return yaml.load(data, Loader=loader)
