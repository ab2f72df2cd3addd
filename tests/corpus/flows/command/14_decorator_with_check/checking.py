import re
from functools import wraps

from fastapi import HTTPException

WORD = re.compile(r"[a-z][a-z0-9]{0,30}")


def words_only(*names: str):
    def decorate(function):
        @wraps(function)
        def wrapper(**values):
            for name in names:
                if WORD.fullmatch(values[name]) is None:
                    raise HTTPException(422, f"{name} is not a word")
            return function(**values)

        return wrapper

    return decorate
