from markupsafe import Markup


def paragraphs(text: str) -> Markup:
    return Markup("<p>" + text.replace("\n\n", "</p><p>") + "</p>")
