"""Errors that tell the caller nothing and the log everything, under one number."""

from buckler.guard.errors.handlers import ProblemDetails as ProblemDetails
from buckler.guard.errors.leaks import tells_inside as tells_inside
