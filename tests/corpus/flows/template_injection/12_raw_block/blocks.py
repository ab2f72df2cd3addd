from collections.abc import AsyncIterator

import jinja2

environment = jinja2.Environment(autoescape=True)


async def rendered(blocks) -> AsyncIterator[str]:
    for block in blocks:
        match block.kind:
            case "text":
                source = "<p>{{ body }}</p>"
            case "quote":
                source = "<blockquote>{{ body }}</blockquote>"
            case _:
                continue
        yield environment.from_string(source).render(body=block.body)
