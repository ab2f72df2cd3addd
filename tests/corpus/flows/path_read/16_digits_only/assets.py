def load(number: str) -> bytes:
    try:
        with open("files/" + number, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return b"missing"
