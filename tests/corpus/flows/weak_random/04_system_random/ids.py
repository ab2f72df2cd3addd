from random import SystemRandom

random = SystemRandom()


def new_id(bits: int = 128) -> str:
    return "%032x" % random.getrandbits(bits)
