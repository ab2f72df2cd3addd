class HtmlFormat:
    name="html"; suffixes=(".html",)
    def render(self, r): return ""
