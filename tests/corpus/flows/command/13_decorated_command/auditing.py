import subprocess
from functools import wraps


def audited(kind: str):
    def decorate(function):
        @wraps(function)
        def wrapper(*args, **kwargs):
            details = " ".join(f"{name}={value}" for name, value in kwargs.items())
            subprocess.run("echo " + kind + " " + details + " >> audit.txt", shell=True, check=False)
            return function(*args, **kwargs)

        return wrapper

    return decorate
