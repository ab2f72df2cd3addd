from .requests import install
