from pickle import Unpickler


def load(stream):
    return Unpickler(stream).load()
