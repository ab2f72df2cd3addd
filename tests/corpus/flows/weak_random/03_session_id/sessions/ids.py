from random import getrandbits


def new_id(bits: int = 128) -> str:
    return "%032x" % getrandbits(bits)
