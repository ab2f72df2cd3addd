from .markdown import MarkdownReader
