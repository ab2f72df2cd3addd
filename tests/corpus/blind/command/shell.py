import functools
import os
import subprocess


def one_line(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args).strip().replace("\n", " ")

    return wrapper


@one_line
def describe(name: str) -> str:
    command = "echo 'clip {0}' | tr a-z A-Z".format(name)
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=10)
    return done.stdout.decode(errors="replace")


@one_line
def capture(tool: str, text: str) -> str:
    with os.popen('echo "' + text.replace('"', "") + '" | ' + tool) as pipe:
        return pipe.read()
