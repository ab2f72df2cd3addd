from .client import Directory, get_directory
