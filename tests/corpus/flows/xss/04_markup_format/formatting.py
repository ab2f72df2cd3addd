from markupsafe import Markup


def paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)
