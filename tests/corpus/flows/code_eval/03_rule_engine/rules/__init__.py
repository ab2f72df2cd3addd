from .engine import RuleEngine
from .models import Rule

__all__ = ["Rule", "RuleEngine"]
