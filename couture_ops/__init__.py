"""Operators for Spark jobs whose settings live in one central, versioned store."""

__version__ = "0.1.0"
