from defusedxml.ElementTree import fromstring


def titles(data: bytes) -> list[str]:
    root = fromstring(data)
    return [element.text or "" for element in root.iter("title")]
