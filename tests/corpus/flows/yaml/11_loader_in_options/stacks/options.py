import yaml

READING = {"Loader": yaml.UnsafeLoader}
WRITING = {"Dumper": yaml.SafeDumper, "sort_keys": False}
