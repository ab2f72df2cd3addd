import ast

ALLOWED = (ast.Expression, ast.BinOp, ast.Add, ast.Sub, ast.Mult, ast.Constant, ast.Name, ast.Load)


class NotArithmetic(ValueError):
    pass


def compiled(formula: str):
    try:
        tree = ast.parse(formula, mode="eval")
    except SyntaxError as error:
        raise NotArithmetic(formula) from error
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            raise NotArithmetic(type(node).__name__)
        if isinstance(node, ast.Name) and node.id != "value":
            raise NotArithmetic(node.id)
        if isinstance(node, ast.Constant) and not isinstance(node.value, (int, float)):
            raise NotArithmetic("constant")
    return compile(tree, "<formula>", "eval")
