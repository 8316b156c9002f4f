"""Components are those of the graph, and batches keep them whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from imgsieve.search.components import Components

_PAIRS = st.lists(
    st.tuples(st.integers(0, 39), st.integers(0, 39)).filter(lambda pair: pair[0] != pair[1]), max_size=60
)


@settings(deadline=None)
@given(_PAIRS, st.integers(1, 12), st.integers(1, 7))
def test_batches_hold_whole_components_and_no_more_pairs_than_they_may(pairs, most, step):
    a, b = np.array(pairs, np.int32).reshape(-1, 2).T
    components = Components(40)
    for begin in range(0, len(a), step):
        components.join(a[begin : begin + step], b[begin : begin + step])
    batch, batches = components.batches(most)
    _, labels = connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(40, 40)), directed=False)
    assert (batch == -1).tolist() == (~np.isin(np.arange(40), np.concatenate([a, b]))).tolist()
    assert sorted(set(batch[a].tolist())) == list(range(batches))
    for label in np.unique(labels[a]):
        assert len(set(batch[labels == label].tolist())) == 1
    for number in range(batches):
        inside = batch[a] == number
        assert inside.sum() <= most or len(np.unique(labels[a[inside]])) == 1


def test_a_chain_and_a_star_of_half_a_million_are_one_component():
    count = 500_000
    for a in (np.arange(count - 1), np.zeros(count - 1, np.int64)):
        components = Components(count)
        components.join(a, np.arange(1, count))
        batch, batches = components.batches(1000)
        assert batches == 1
        assert not batch.any()
