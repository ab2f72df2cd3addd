from .trail import Trail, trail
