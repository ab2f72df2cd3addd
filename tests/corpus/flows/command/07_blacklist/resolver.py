import os


def lookup(question) -> str:
    with os.popen("dig +short " + question.name + " " + question.type) as pipe:
        return pipe.read()
