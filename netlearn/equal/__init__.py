"""Whether two circuits are the same but for their names (see `netlearn.equal.compare`)."""

from netlearn.equal.compare import Verdict, compare
from netlearn.equal.graph import Graph, graph, standing, with_ends

__all__ = ["Graph", "Verdict", "compare", "graph", "standing", "with_ends"]
