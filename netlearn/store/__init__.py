"""Run folders."""

from netlearn.store.run import Lock, RunFolder, create, new_folder, open_run, write_bytes

__all__ = ["Lock", "RunFolder", "create", "new_folder", "open_run", "write_bytes"]
