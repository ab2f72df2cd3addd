"""The half of the app engine that runs inside the application's own process.

Standard library only, Python 3.9 and later: it is loaded by path into an interpreter that
knows nothing of Buckler, under the name ``_buckler_agent``.
"""
