"""Run folders."""

from netlearn.store.run import RunFolder, create, free_name, open_run

__all__ = ["RunFolder", "create", "free_name", "open_run"]
