def link_header(names: list[str]) -> tuple[str, str]:
    links = [f"</files/{name}>; rel=item" for name in names]
    return "Link", ", ".join(links)
