"""Who does the work of a run: what is refused, and what is said where Ray is not installed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from imgsieve.config import ExecutionConfig, NetworkConfig, RunConfig, check_config
from imgsieve.errors import ConfigError
from imgsieve.runs.desks import picture_place
from imgsieve.runs.workforce import check_places, open_workforce, own_threads
from imgsieve.storage import NamedImages

RAY = RunConfig(execution=ExecutionConfig(executor="ray"))

WITHOUT_RAY = """
import sys
sys.modules["ray"] = None
from imgsieve.config import ExecutionConfig, RunConfig
from imgsieve.errors import ConfigError
from imgsieve.runs.workforce import open_workforce, own_threads
try:
    open_workforce(RunConfig(execution=ExecutionConfig(executor="ray")), own_threads(1, lambda: None))
except ConfigError as error:
    print(error)
"""


def test_where_ray_is_missing_it_is_said_what_to_install():
    done = subprocess.run([sys.executable, "-c", WITHOUT_RAY], capture_output=True, text=True, check=True)
    assert done.stdout == "--executor ray needs Ray; install it with: pip install 'imgsieve[ray]'\n"


def test_threads_are_of_this_process():
    threads = own_threads(3, lambda: None)
    assert open_workforce(RunConfig(), threads) is threads
    assert (threads.workers, threads.elsewhere) == (3, False)
    fewer = threads.with_threads(own_threads(2, lambda: None))
    assert list(fewer.nearby.map(str, range(3))) == ["0", "1", "2"]
    assert fewer.workers == 2


@pytest.mark.parametrize(
    ("sources", "out", "said"),
    [
        (["az://a?sv=1&sig=SECRET"], "out", "az://a: a SAS in a URL would have to travel"),
        (["photos"], "https://a.blob.core.windows.net/c/d?sig=SECRET", "a SAS in a URL would have to travel"),
        (["memory://a"], "out", "in this process alone"),
        (["photos"], "memory://a", "in this process alone"),
        (NamedImages(["a.jpg"]), "out", "images named one by one"),
    ],
)
def test_places_that_others_cannot_reach_are_refused(sources, out, said):
    with pytest.raises(ConfigError, match=said) as caught:
        check_places(sources, out, RAY)
    assert "SECRET" not in str(caught.value)
    check_places(sources, out, RunConfig())


def test_names_without_secrets_are_no_trouble():
    check_places(["photos?", "file:///a/b?", "az://container/prefix", "s3://bucket"], "az://runs/1", RAY)


def test_an_unknown_executor_is_refused():
    with pytest.raises(ConfigError, match=r"execution.executor = 'dask'; there are threads, ray"):
        check_config(replace(RunConfig(), execution=ExecutionConfig(executor="dask")))
    with pytest.raises(ConfigError, match=r"execution.shard_rows = 0"):
        check_config(replace(RunConfig(), execution=ExecutionConfig(shard_rows=0)))


def test_processes_share_the_limits_of_a_run():
    network = NetworkConfig(max_requests_per_second=100, max_bandwidth=1000, max_concurrency=10)
    place = picture_place([], RunConfig(network=network), 4)
    assert (place.network.max_requests_per_second, place.network.max_bandwidth) == (25, 250)
    assert place.network.max_concurrency == 2
    assert picture_place([], RunConfig(network=network), 64).network.max_concurrency == 1
