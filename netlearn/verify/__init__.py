"""Whether an export is the circuit that it should be, by tools that are not ours."""
