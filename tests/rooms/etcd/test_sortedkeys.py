"""The sorted set of keys against a plain sorted list."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.etcd import sortedkeys
from cp_sim.etcd.sortedkeys import SortedKeys

KEYS = st.text(alphabet="ab/", max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.lists(KEYS), KEYS, st.none() | KEYS, st.integers(0, 5))
def test_it_is_a_sorted_list(words, first, end, limit):
    normal, sortedkeys.BLOCK_LIMIT = sortedkeys.BLOCK_LIMIT, 4
    try:
        keys, model = SortedKeys(), set()
        for word in words:
            if word in model:
                keys.remove(word)
                model.discard(word)
            else:
                keys.add(word)
                model.add(word)
            assert list(keys) == sorted(model)
        wanted = [key for key in sorted(model) if first <= key and (end is None or key < end)]
        assert keys.between(first, end) == wanted
        assert keys.between(first, end, limit) == (wanted[:limit] if limit else wanted)
        assert keys.count(first, end) == len(wanted)
        assert len(keys) == len(model)
    finally:
        sortedkeys.BLOCK_LIMIT = normal


def test_a_copy_is_independent():
    keys = SortedKeys()
    keys.add("a")
    twin = keys.copy()
    twin.add("b")
    assert list(keys) == ["a"]
    assert list(twin) == ["a", "b"]
