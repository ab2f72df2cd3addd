import asyncio


async def resolve(name: str, reverse: bool) -> str:
    flag = "-x" if reverse else ""
    process = await asyncio.create_subprocess_shell(f"dig {flag} +short {name}", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode().strip()
