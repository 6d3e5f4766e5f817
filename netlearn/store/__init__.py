"""Run folders."""

from netlearn.store.run import Lock, RunFolder, create, new_folder, open_run, read_json, write_bytes, write_json

__all__ = ["Lock", "RunFolder", "create", "new_folder", "open_run", "read_json", "write_bytes", "write_json"]
