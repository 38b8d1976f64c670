"""Scripts that measure inside of a fresh interpreter, which may be the peer's: they import nothing of this package."""
