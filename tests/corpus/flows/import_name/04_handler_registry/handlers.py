REGISTRY = {}


def handles(name):
    def register(function):
        REGISTRY[name] = function
        return function

    return register


@handles("cleanup")
def cleanup():
    return "cleaned"


@handles("reindex")
def reindex():
    return "indexed"
