from html import escape


def search_page(query: str) -> str:
    shown = escape(query)
    page = "<form><input name='q' value='%s'></form>" % shown
    page += f"<p>Nothing found for {shown}</p>"
    return page
