"""The netlearn command in this process: quicker than one of its own."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

from netlearn.cli import main


def netlearn(*given: object, code: int = 0) -> tuple[str, str]:
    """Standard output and standard error of the command; it must end with `code`."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["netlearn", *map(str, given)]
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    assert (ended.value.code or 0) == code, err.getvalue()
    return out.getvalue(), err.getvalue()
