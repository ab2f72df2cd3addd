import asyncio


class Printer:
    program = "wkhtmltopdf"

    def arguments(self, page: str, **options: int) -> list[str]:
        known = {"dpi", "quality"}
        chosen = [f"--{name}={value}" for name, value in options.items() if name in known]
        return [*chosen, page, "out.pdf"]

    async def render(self, page: str, **options: int) -> int:
        process = await asyncio.create_subprocess_exec(self.program, *self.arguments(page, **options))
        return await process.wait()
