from html import escape


def search_page(query: str, hits: list[str]) -> str:
    parts = ["<form>", "<input name=q value=" + escape(query) + ">", "</form>", "<ul>"]
    parts.extend(f"<li>{escape(hit)}</li>" for hit in hits)
    parts.append("</ul>")
    return "\n".join(parts)
