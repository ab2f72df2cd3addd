import pickle

WORDS = {"lamp": ["light"], "chair": ["seat"]}


def build(target) -> None:
    with target.open("wb") as stream:
        pickle.dump(WORDS, stream)
