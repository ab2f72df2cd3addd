PLUGINS = frozenset({"csv", "json", "configparser"})
