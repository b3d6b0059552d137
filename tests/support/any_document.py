"""Any instance of a wire document, for property-based tests."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_SIMPLE: dict[type, st.SearchStrategy[Any]] = {
    inspect.IntType: st.integers(-(2**63), 2**63 - 1),
    inspect.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    inspect.StrType: st.text(max_size=12),
    inspect.BoolType: st.booleans(),
    inspect.NoneType: st.none(),
    inspect.AnyType: plain,
}


def any_document(document: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any instance of that class."""
    return _of(inspect.type_info(document))


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:
    if type(info) in _SIMPLE:
        return _SIMPLE[type(info)]
    if isinstance(info, inspect.StructType):
        return st.builds(info.cls, **{field.name: _of(field.type) for field in info.fields})
    if isinstance(info, inspect.ListType):
        return st.lists(_of(info.item_type), max_size=3)
    if isinstance(info, inspect.DictType):
        return st.dictionaries(_of(info.key_type), _of(info.value_type), max_size=3)
    if isinstance(info, inspect.EnumType):
        return st.sampled_from(info.cls)
    assert isinstance(info, inspect.UnionType), info
    return st.one_of([_of(each) for each in info.types])
