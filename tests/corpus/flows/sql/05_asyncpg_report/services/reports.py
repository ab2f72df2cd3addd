from schemas import ReportRequest

QUERY = "SELECT region, total FROM sales WHERE year = {year} AND region = '{region}'"


async def build(connection, request: ReportRequest) -> list[dict]:
    query = QUERY.format(year=request.filter.year, region=request.filter.region)
    return [dict(row) for row in await connection.fetch(query)]
