"""CQL2 filters (OGC 21-065r2): text or JSON to nodes, nodes and published names to a bound SQL condition.

The only package that knows the parser and pygeofilter. All 14 conformance classes; what is left to the server
is decided so: a date and a timestamp are not compared with each other; a text literal beside a date, timestamp
or UUID is read as one; elements of an array are scalars of one type; division by zero and powers without a
real, finite result are NULL.
"""

from query.cql2.compile import Filter, compile_filter
from query.cql2.functions import FUNCTIONS, Function
from query.cql2.json import parse_json
from query.cql2.nodes import Node
from query.cql2.text import parse_text

__all__ = ["FUNCTIONS", "Filter", "Function", "Node", "compile_filter", "parse_json", "parse_text"]
