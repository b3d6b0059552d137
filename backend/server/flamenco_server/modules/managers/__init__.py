"""Managers, the workers that they told us of, and what people wish of those."""
