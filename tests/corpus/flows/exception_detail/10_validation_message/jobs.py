class UnknownJob(LookupError):
    public_message = "there is no such job"


JOBS = {"nightly": "reindex"}


def find(name: str) -> str:
    try:
        return JOBS[name]
    except KeyError as error:
        raise UnknownJob(repr(error)) from error
