"""Chips on disk: a Parquet file for each piece of a study, in a folder that DuckDB, pandas or Arrow read as one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from numpy.typing import NDArray

from netlearn.errors import RunError
from netlearn.store import write_bytes

Columns = Mapping[str, NDArray[np.generic]]


def save(path: Path, columns: Columns) -> None:
    """A piece as a file, whole or not at all; the same columns make the same bytes."""
    arrays = {name: pa.array(list(of)) if of.ndim > 1 else pa.array(of) for name, of in columns.items()}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def holds(path: Path, count: int) -> bool:
    """Whether a piece of so many chips, or more, lies there; RunError where the file is damaged."""
    if not path.is_file():
        return False
    try:
        return bool(pq.read_metadata(path).num_rows >= count)
    except (pa.ArrowInvalid, OSError) as error:
        raise RunError(f"{path} is damaged: {error}", "remove it, and its chips are made again") from None


def load(paths: Iterable[Path], names: Iterable[str], last: int) -> dict[str, NDArray[np.generic]]:
    """Some columns of the chips before `last` of some pieces, one after the other; lists as arrays (D, .)."""
    try:
        every = ds.dataset([str(path) for path in paths], format="parquet")
        table = every.to_table(columns=list(names), filter=ds.field("draw") < last)
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        raise RunError(
            f"chips cannot be read: {error}", "remove the damaged file, and its chips are made again"
        ) from None
    return {name: _array(table[name]) for name in table.column_names}


def _array(column: pa.ChunkedArray) -> NDArray[np.generic]:
    if pa.types.is_list(column.type):
        return np.array(column.to_pylist(), dtype=float)
    return np.asarray(column.to_numpy(zero_copy_only=False))
