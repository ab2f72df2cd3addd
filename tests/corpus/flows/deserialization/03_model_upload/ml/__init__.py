from .registry import ModelRegistry as ModelRegistry
