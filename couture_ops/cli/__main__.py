"""Lets ``python -m couture_ops.cli`` run the client."""

from couture_ops.cli.main import main

main()
