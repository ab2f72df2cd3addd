import yaml


def read_config(data: bytes, loader=yaml.Loader):
    return yaml.load(data, loader)
