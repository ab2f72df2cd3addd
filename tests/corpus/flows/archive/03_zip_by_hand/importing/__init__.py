from .unpacking import unpack
