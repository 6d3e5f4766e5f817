"""The `netlearn` command."""

from netlearn.cli.app import app, main

__all__ = ["app", "main"]
