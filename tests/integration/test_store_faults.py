"""A source behind a network that misbehaves: every sort of fault that passes is survived, and waits are kept."""

from __future__ import annotations

import threading
import time
from email.utils import formatdate

import pytest

from imgsieve.errors import FetchError, Interrupted, SourceError
from imgsieve.storage import Fault, StoreFault
from stores.fault_proxy import Row, fault_proxy
from stores.faults import Act, Rule
from stores.places import Place, anything, fetch_all, fill, traffic_of

FILES = {f"{number:03}.jpg": bytes([number]) * (40_000 if number % 2 else 900) for number in range(40)}
SLACK = 0.15
"""Seconds that an answer may take from the proxy to the client, which cannot know of it before."""


@pytest.fixture(scope="module")
def filled(azurite) -> str:
    """Return the name of a container with some files."""
    name = "filled-for-faults"
    with azurite.container(name) as client:
        client.create_container()
    fill(Place(f"az://{name}", azurite.environment()).store(), FILES)
    return name


@pytest.fixture
def proxy(azurite):
    with fault_proxy(azurite.endpoint) as proxy:
        yield proxy


@pytest.fixture
def place(azurite, proxy, filled) -> Place:
    """Return the files as they are seen through the proxy."""
    return Place(f"az://{filled}", azurite.environment(proxy.endpoint))


def peak(rows: list[Row]) -> int:
    """Return how many requests there were at one time at most."""
    moments = sorted([(row.arrived, 1) for row in rows] + [(row.answered, -1) for row in rows])
    inside = most = 0
    for _, change in moments:
        inside += change
        most = max(most, inside)
    return most


@pytest.mark.parametrize(
    "rule",
    [
        Rule(act=Act.THROTTLE, share=0.1, retry_after="0.2"),
        Rule(act=Act.THROTTLE, share=0.1, status=429, code="TooManyRequests"),
        Rule(act=Act.THROTTLE, share=0.3, status=500, code="InternalError"),
        Rule(act=Act.CUT, share=0.3),
        Rule(act=Act.RESET, share=0.3),
        Rule(act=Act.LONGER, share=0.3),
        Rule(act=Act.SHORTER, share=0.3),
        Rule(act=Act.DELAY, share=0.3, seconds=0.1),
    ],
    ids=lambda rule: f"{rule.act}-{rule.status}" if rule.act is Act.THROTTLE else rule.act,
)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_fault_that_passes_is_survived(place, proxy, rule, seed):
    proxy.misbehave(rule, seed=seed)
    assert fetch_all(place.source(retry_seconds=60)) == FILES
    assert rule.act in proxy.acts()


def test_all_faults_together_are_survived(place, proxy):
    acts = (Act.CUT, Act.RESET, Act.LONGER, Act.SHORTER, Act.THROTTLE)
    proxy.misbehave(*(Rule(act=act, share=0.08, retry_after="0") for act in acts), seed=3)
    traffic = traffic_of(retry_seconds=60)
    assert fetch_all(place.source(traffic=traffic)) == FILES
    failed = [act for act in proxy.acts() if act is not Act.PASS]
    assert len(set(failed)) >= 4
    assert traffic.as_dict()[""]["retries"] > 0


@pytest.mark.parametrize("act", [Act.CUT, Act.LONGER, Act.SHORTER, Act.RESET])
def test_listings_that_break_are_asked_for_again(place, proxy, act):
    proxy.misbehave(Rule(act=act, part="comp=list"))
    source = place.source()
    assert [entry.file for entry in source.entries()] == list(FILES)
    assert proxy.acts()[:3] == [act, act, Act.PASS]


def test_what_nothing_comes_of_is_given_up_and_asked_for_again(place, proxy):
    source = place.source(timeout_seconds=1, retry_seconds=30)
    (entry, *_) = source.entries()
    proxy.misbehave(Rule(act=Act.DELAY, share=0.5, seconds=4), seed=4)
    began = time.monotonic()
    assert source.fetch(entry.uri, entry.size, entry.etag, wanted=anything) == FILES[entry.file]
    assert time.monotonic() - began < 4 * 4


@pytest.mark.parametrize("status", [503, 429])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_no_request_goes_out_before_the_time_that_the_store_asks_for(place, proxy, status, form):
    source = place.source(retry_seconds=60)
    entries = list(source.entries())
    # A date has whole seconds, so that up to one of them may be lost.
    after = "2" if form == "seconds" else formatdate(time.time() + 4, usegmt=True)
    proxy.misbehave(
        Rule(act=Act.DELAY, seconds=0.02),
        Rule(act=Act.THROTTLE, share=0.5, status=status, retry_after=after, part="007.jpg"),
        Rule(act=Act.THROTTLE, share=0.5, status=status, retry_after=after, part="030.jpg"),
        seed=2,
    )
    until = time.time() + 3 if form == "date" else 0.0
    began, wall = time.monotonic(), time.time()
    fetched = fetch_by_many(source, entries, 16)
    assert fetched == FILES
    asked = [row for row in proxy.rows if row.act is Act.THROTTLE]
    assert asked
    for row in asked:
        seconds = 2.0 if form == "seconds" else until - wall + began - row.answered
        early = [other for other in proxy.rows if row.answered + SLACK < other.arrived < row.answered + seconds]
        assert early == []


def fetch_by_many(source, entries, count):
    """Fetch by so many threads, all at once."""
    fetched, rest, lock = {}, list(entries), threading.Lock()

    def work():
        while True:
            with lock:
                if not rest:
                    return
                entry = rest.pop(0)
            fetched[entry.file] = source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return fetched


def test_more_requests_run_at_a_time_while_answers_are_slow_and_fewer_after_throttling(place, proxy):
    source = place.source(retry_seconds=60, max_concurrency=48)
    entries = [entry for entry in source.entries() if entry.size < 1000] * 25
    proxy.misbehave(Rule(act=Act.DELAY, seconds=0.04))
    fetch_by_many(source, entries, 64)
    risen = peak(proxy.rows)
    assert 16 < risen <= 48
    assert source.store.concurrency >= risen

    slow = Rule(act=Act.DELAY, seconds=0.04)
    proxy.misbehave(slow, Rule(act=Act.THROTTLE, share=0.15, retry_after="0.1"), seed=5)
    fetch_by_many(source, entries[:60], 64)
    assert Act.THROTTLE in proxy.acts()
    proxy.misbehave(slow)
    fetch_by_many(source, entries[:100], 64)
    assert peak(proxy.rows) <= risen // 2


def test_a_store_that_keeps_asking_for_patience_is_given_up_in_time(place, proxy):
    source = place.source(retry_seconds=2)
    (entry, *_) = source.entries()
    proxy.misbehave(Rule(act=Act.THROTTLE, retry_after="1"), forgiving=False)
    with pytest.raises(SourceError, match="fewer requests"):
        source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)


def test_a_store_that_is_gone_ends_the_run_and_one_file_does_not(place, proxy):
    source = place.source(retry_seconds=2)
    first, second, *_ = source.entries()
    proxy.misbehave(Rule(act=Act.RESET, part=first.file), forgiving=False)
    fetched = []
    done = threading.Event()

    def others():
        while not done.wait(0.3):
            fetched.append(source.fetch(second.uri, second.size, second.etag, wanted=anything))

    thread = threading.Thread(target=others)
    thread.start()
    try:
        with pytest.raises(FetchError) as caught:
            source.fetch(first.uri, first.size, first.etag, wanted=anything)
    finally:
        done.set()
        thread.join()
    assert caught.value.kind == "unreadable"
    assert set(fetched) == {FILES[second.file]}
    proxy.stop()
    with pytest.raises(SourceError, match="no connection"):
        source.fetch(second.uri, second.size, second.etag, wanted=anything)


@pytest.mark.parametrize(
    "rule", [Rule(act=Act.THROTTLE, retry_after="60"), Rule(act=Act.DELAY, seconds=5)], ids=["throttled", "stalled"]
)
def test_who_waits_is_woken_when_the_run_is_over(place, proxy, rule):
    traffic = traffic_of(retry_seconds=60)
    source = place.source(traffic=traffic)
    (entry, *_) = source.entries()
    proxy.misbehave(rule, forgiving=False)
    ended: list[BaseException] = []

    def work():
        try:
            source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)
        except Interrupted as error:
            ended.append(error)

    threads = [threading.Thread(target=work) for _ in range(20)]
    with traffic.open():
        for thread in threads:
            thread.start()
        time.sleep(0.5)
    began = time.monotonic()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 3
    assert len(ended) == 20


def test_writing_survives_as_well(place, proxy, azurite, container):
    store = Place(f"az://{container}", azurite.environment(proxy.endpoint)).store(retry_seconds=60)
    proxy.misbehave(
        Rule(act=Act.THROTTLE, share=0.3, methods=("PUT",), retry_after="0.2"),
        Rule(act=Act.RESET, share=0.3, methods=("PUT", "HEAD")),
        seed=6,
    )
    for name, data in list(FILES.items())[:12]:
        store.write(name, data)
        assert store.head(name).size == len(data)
    assert {Act.THROTTLE, Act.RESET} <= set(proxy.acts())


def test_a_wrong_key_is_told_at_once(place, proxy):
    source = place.source()
    (entry, *_) = source.entries()
    proxy.misbehave(Rule(act=Act.THROTTLE, status=403, code="AuthenticationFailed"))
    with pytest.raises(SourceError, match="credentials"):
        source.fetch(entry.uri, entry.size, entry.etag, wanted=anything)
    assert len(proxy.rows) == 1
    with pytest.raises(StoreFault) as caught:
        source.store.read(entry.file)
    assert caught.value.kind is Fault.UNAUTHENTICATED


@pytest.mark.parametrize("act", [Act.CUT, Act.RESET, Act.LONGER, Act.SHORTER, Act.THROTTLE])
def test_buckets_of_other_kinds_survive_as_well(s3_server, bucket, act):
    some = dict(list(FILES.items())[:16])
    fill(Place(f"s3://{bucket}", s3_server.environment()).store(), some)
    with fault_proxy(s3_server.url, [Rule(act=act, share=0.3, code="SlowDown")]) as proxy:
        place = Place(f"s3://{bucket}", s3_server.environment(proxy.url))
        traffic = traffic_of(retry_seconds=60)
        assert fetch_all(place.source(traffic=traffic)) == some
        assert act in proxy.acts()
        assert (traffic.as_dict()[""]["throttled_seconds"] > 0) == (act is Act.THROTTLE)
