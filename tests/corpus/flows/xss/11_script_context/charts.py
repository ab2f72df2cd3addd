PAGE = """<!doctype html>
<div id="chart"></div>
<script>
draw([{points}]);
</script>
"""


def chart_page(points: str) -> str:
    return PAGE.format(points=points)
