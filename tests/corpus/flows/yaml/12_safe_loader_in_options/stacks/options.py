import yaml

READING = {"Loader": yaml.SafeLoader}
WRITING = {"Dumper": yaml.Dumper, "sort_keys": False}
