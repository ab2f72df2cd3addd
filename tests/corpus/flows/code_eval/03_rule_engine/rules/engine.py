from .models import Rule


class RuleEngine:
    def __init__(self) -> None:
        self._conditions = []

    def add(self, rule: Rule) -> None:
        self._conditions.append(compile(rule.condition, rule.name, "eval"))

    def matches(self, sample: dict) -> int:
        scope = {"__builtins__": {}}
        return sum(bool(eval(condition, scope, dict(sample))) for condition in self._conditions)
