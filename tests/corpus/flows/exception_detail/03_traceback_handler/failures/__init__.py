from .handlers import register
