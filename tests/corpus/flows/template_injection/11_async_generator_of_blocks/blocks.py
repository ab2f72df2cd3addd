from collections.abc import AsyncIterator


async def page_source(blocks) -> AsyncIterator[str]:
    yield "<main>"
    for block in blocks:
        match block.kind:
            case "text":
                yield f"<p>{block.body}</p>"
            case "rule":
                yield "<hr>"
            case _:
                continue
    yield "</main>"
