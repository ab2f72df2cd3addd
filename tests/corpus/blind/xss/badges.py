HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20">'


def draw(color: str, text: str) -> str:
    rect = '<rect width="90" height="20" fill="%s"/>' % color
    label = '<text x="8" y="14">%s</text>' % text
    return HEAD + rect + label + "</svg>"
