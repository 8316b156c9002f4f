"""``imgsieve copy`` as users call it, on real stores."""

import hashlib
import json
import random
import signal
import time
from pathlib import Path

import pytest
from azure.storage.blob import ContentSettings
from cli_process import imgsieve, start, tree
from copy_places import blobs, count_of, fill_container, fill_folder, journal_lines, read, settled, written

from stores.azurite import KEY, Azurite, make_sas
from stores.fault_proxy import fault_proxy
from stores.faults import Act, Rule
from stores.s3_server import SECRET, S3Server

Variables = dict[str, str]
LARGE = 64 * 1024**2 + 12_345
"""More than is held in memory, and more than Azure takes in one request of its library."""


@pytest.fixture
def variables(azurite: Azurite) -> Variables:
    return azurite.environment()


def second(azurite: Azurite, container: str) -> str:
    """Make another container beside one."""
    name = f"{container}-2"
    with azurite.container(name) as client:
        client.create_container()
    return name


def test_a_folder_goes_to_a_container(azurite: Azurite, container: str, variables: Variables, tmp_path: Path) -> None:
    files = fill_folder(tmp_path / "from", 20)
    for name in ("a b#c%20?.webp", "größe.heic", "notes", "empty.png"):
        files[name] = name.encode() if name != "empty.png" else b""
        (tmp_path / "from" / name).write_bytes(files[name])
    done = imgsieve("copy", "from", f"az://{container}/to", "--json", cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"] == {"copied": len(files)}
    assert blobs(azurite, container, "to/") == files
    with azurite.container(container) as client:
        settings = {b.name: b.content_settings for b in client.list_blobs()}
    assert settings["to/a b#c%20?.webp"].content_type == "image/webp"
    assert settings["to/größe.heic"].content_type == "image/heic"
    assert settings["to/notes"].content_type == "application/octet-stream"
    for name, data in files.items():
        assert bytes(settings[f"to/{name}"].content_md5) == hashlib.md5(data, usedforsecurity=False).digest()


def test_a_large_file_keeps_its_digest_and_comes_back(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    (tmp_path / "from").mkdir()
    data = random.Random(1).randbytes(LARGE)
    (tmp_path / "from" / "large.tif").write_bytes(data)
    assert imgsieve("copy", "from", f"az://{container}", cwd=tmp_path, variables=variables).returncode == 0
    with azurite.container(container) as client:
        settings = client.get_blob_client("large.tif").get_blob_properties().content_settings
    assert bytes(settings.content_md5) == hashlib.md5(data, usedforsecurity=False).digest()
    back = imgsieve("copy", f"az://{container}", "back", cwd=tmp_path, variables=variables)
    assert back.returncode == 0, back.stderr
    assert (tmp_path / "back" / "large.tif").read_bytes() == data


def test_between_containers_the_server_copies(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    to = second(azurite, container)
    with azurite.container(container) as client:
        settings = ContentSettings(content_type="image/x-special")
        client.upload_blob("in/ü b.jpg", b"one", content_settings=settings, metadata={"taken": "1999"})
    fill_container(azurite, container, {f"in/{n}.png": bytes([n]) * 500 for n in range(30)})
    before = settled(azurite)
    done = imgsieve("copy", f"az://{container}/in", f"az://{to}/out", cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert read(azurite.accesses(before)) == []
    assert "31 by the servers themselves" in done.stdout
    assert blobs(azurite, to, "out/") == blobs(azurite, container, "in/")
    with azurite.container(to) as client:
        found = client.get_blob_client("out/ü b.jpg").get_blob_properties()
    assert (found.content_settings.content_type, found.metadata) == ("image/x-special", {"taken": "1999"})


def test_a_container_goes_to_a_folder(azurite: Azurite, container: str, variables: Variables, tmp_path: Path) -> None:
    files = {f"a/b{n}/größe {n}.jpg": bytes([n]) * n for n in range(20)}
    fill_container(azurite, container, files)
    done = imgsieve("copy", f"az://{container}", "to", cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "to") == files


def test_s3_and_azure_exchange_objects(
    azurite: Azurite, container: str, s3_server: S3Server, bucket: str, environment: Variables, tmp_path: Path
) -> None:
    s3 = s3_server.client()
    s3.put_object(Bucket=bucket, Key="p/a.jpg", Body=b"one", ContentType="image/jpeg", Metadata={"shot-by": "me"})
    s3.put_object(Bucket=bucket, Key="p/b.jxl", Body=b"two", ContentType="image/jxl")
    over = imgsieve("copy", f"s3://{bucket}/p", f"az://{container}/q", cwd=tmp_path, variables=environment)
    assert over.returncode == 0, over.stdout + over.stderr
    assert blobs(azurite, container, "q/") == {"a.jpg": b"one", "b.jxl": b"two"}
    with azurite.container(container) as client:
        found = client.get_blob_client("q/a.jpg").get_blob_properties()
    assert (found.content_settings.content_type, found.metadata) == ("image/jpeg", {"shot_by": "me"})
    back = imgsieve("copy", f"az://{container}/q", f"s3://{bucket}/r", cwd=tmp_path, variables=environment)
    assert back.returncode == 0, back.stdout + back.stderr
    copied = s3.get_object(Bucket=bucket, Key="r/b.jxl")
    assert (copied["Body"].read(), copied["ContentType"]) == (b"two", "image/jxl")
    again = imgsieve(
        "copy", f"az://{container}/q", f"s3://{bucket}/r", "--journal", "new", cwd=tmp_path, variables=environment
    )
    s3.close()
    assert again.returncode == 0, "without a digest on one side, contents are compared"
    assert "Equal, skipped    2 " in again.stdout


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("remote", [False, True], ids=["from-a-folder", "by-the-server"])
def test_killed_at_any_moment_it_copies_nothing_twice_and_misses_nothing(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path, seed: int, remote: bool
) -> None:
    files = fill_folder(tmp_path / "from", 150)
    source, to = "from", second(azurite, container)
    if remote:
        fill_container(azurite, container, files)
        source = f"az://{container}"
    arguments = ("copy", source, f"az://{to}", "--max-requests-per-second", 150, "--quiet")
    before, chance, kills = settled(azurite), random.Random(seed), 0
    for _ in range(3):
        with start(*arguments, cwd=tmp_path, variables=variables) as process:
            time.sleep(0.45 + chance.random())
            process.kill()
            kills += process.wait() == -signal.SIGKILL
    assert kills, "it was too fast to be killed"
    done = imgsieve(*arguments, cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert blobs(azurite, to) == files
    assert set(written(azurite.accesses(before), to).values()) == {1}
    journal = next(tmp_path.glob("*.jsonl"))
    assert {line["name"] for line in journal_lines(journal)} == set(files)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_while_it_fills_a_folder_it_leaves_only_whole_files(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    files = {f"d{number % 5}/{number}.jpg": chance.randbytes(50_000) for number in range(150)}
    fill_container(azurite, container, files)
    arguments = ("copy", f"az://{container}", "to", "--max-requests-per-second", 300, "--quiet")
    for _ in range(3):
        with start(*arguments, cwd=tmp_path, variables=variables) as process:
            time.sleep(0.45 + chance.random() / 2)
            process.kill()
        held = {name: data for name, data in tree(tmp_path / "to").items() if "imgsieve-partial" not in name}
        assert held.items() <= files.items()
    done = imgsieve(*arguments, cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "to") == files


def test_what_is_journaled_is_not_even_looked_at(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    fill_folder(tmp_path / "from", 10)
    arguments = ("copy", "from", f"az://{container}", "--journal", "j", "--json")
    assert imgsieve(*arguments, cwd=tmp_path, variables=variables).returncode == 0
    before = settled(azurite)
    again = imgsieve(*arguments, cwd=tmp_path, variables=variables)
    assert json.loads(again.stdout)["counts"] == {"journaled": 10}
    assert {a.method for a in azurite.accesses(before) if "comp=list" not in a.path} == set()
    (tmp_path / "j").unlink()
    unaided = imgsieve(*arguments, cwd=tmp_path, variables=variables)
    assert json.loads(unaided.stdout)["counts"] == {"equal": 10}
    assert written(azurite.accesses(before), container) == {}


def test_interrupted_it_ends_cleanly_and_goes_on(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    files = fill_folder(tmp_path / "from", 100)
    arguments = ("copy", "from", f"az://{container}", "--max-requests-per-second", 40)
    with start(*arguments, cwd=tmp_path, variables=variables) as process:
        while count_of(azurite, container) < 50:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    journal = next(tmp_path.glob("*.jsonl"))
    assert 0 < len(journal_lines(journal)) < 100
    done = imgsieve(*arguments[:3], cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    assert blobs(azurite, container) == files


@pytest.mark.parametrize("remote", [False, True], ids=["from-a-folder", "by-the-server"])
def test_a_store_that_stumbles_loses_nothing(azurite: Azurite, container: str, tmp_path: Path, remote: bool) -> None:
    files = fill_folder(tmp_path / "from", 60)
    source, to = "from", second(azurite, container)
    if remote:
        fill_container(azurite, container, files)
        source = f"az://{container}"
    methods = ("GET", "HEAD", "PUT")
    rules = (
        Rule(act=Act.RESET, share=0.15, methods=methods, part=".jpg"),
        Rule(act=Act.THROTTLE, share=0.05, methods=methods, part=".jpg", retry_after="0.1"),
    )
    with fault_proxy(azurite.endpoint, rules) as proxy:
        before = settled(azurite)
        variables = azurite.environment(proxy.endpoint)
        done = imgsieve("copy", source, f"az://{to}", "--json", cwd=tmp_path, variables=variables)
        assert Act.RESET in proxy.acts()
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert told["requests"]["retries"] > 0
    assert sum(told["counts"].values()) == len(files)
    assert blobs(azurite, to) == files
    assert set(written(azurite.accesses(before), to).values()) == {1}


def test_a_dry_run_tells_all_and_writes_nothing(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    files = fill_folder(tmp_path / "from", 12)
    names = sorted(files)
    fill_container(azurite, container, {names[0]: files[names[0]], names[1]: b"other", names[2]: files[names[2]][::-1]})
    before, held = settled(azurite), tree(tmp_path)
    done = imgsieve("copy", "from", f"az://{container}", "--dry-run", "--json", cwd=tmp_path, variables=variables)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["counts"] == {"copied": 9, "equal": 1, "differs": 2}
    assert told["bytes"]["copied"] == sum(len(files[name]) for name in names[3:])
    assert {a.method for a in azurite.accesses(before)} <= {"GET", "HEAD"}
    assert tree(tmp_path) == held
    text = imgsieve("copy", "from", f"az://{container}", "--dry-run", cwd=tmp_path, variables=variables).stdout
    assert "To copy           9 " in text
    assert "Nothing was written." in text


def test_what_differs_is_overwritten_only_when_asked(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    files = fill_folder(tmp_path / "from", 3)
    fill_container(azurite, container, {"p0000.jpg": b"precious"})
    arguments = ("copy", "from", f"az://{container}", "--journal", "j")
    done = imgsieve(*arguments, cwd=tmp_path, variables=variables)
    assert done.returncode == 3
    assert "p0000.jpg: exists and differs" in done.stdout
    assert done.stderr.endswith("not copied: 1 of 3, folders not read: 0; the reasons are in j\n")
    assert blobs(azurite, container) == {**files, "p0000.jpg": b"precious"}
    told = {line["name"]: line for line in journal_lines(tmp_path / "j")}
    assert told["p0000.jpg"]["state"] == "differs"
    again = imgsieve(*arguments, "--overwrite", cwd=tmp_path, variables=variables)
    assert again.returncode == 0, again.stdout
    assert blobs(azurite, container) == files


def test_content_that_does_not_fit_its_digest_is_not_passed_on(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    fill_container(azurite, container, {"good.jpg": b"good", "bad.jpg": b"rotten"})
    wrong = bytearray(hashlib.md5(b"fresh", usedforsecurity=False).digest())
    with azurite.container(container) as client:
        client.get_blob_client("bad.jpg").set_http_headers(ContentSettings(content_md5=wrong))
    done = imgsieve("copy", f"az://{container}", "to", "--journal", "j", cwd=tmp_path, variables=variables)
    assert done.returncode == 3
    assert "bad.jpg: its content does not fit the MD5 that the source keeps" in done.stdout
    assert tree(tmp_path / "to") == {"good.jpg": b"good"}
    told = {line["name"]: line["state"] for line in journal_lines(tmp_path / "j")}
    assert told == {"good.jpg": "copied", "bad.jpg": "failed"}


def test_limits_are_kept(azurite: Azurite, container: str, variables: Variables, tmp_path: Path) -> None:
    fill_folder(tmp_path / "from", 20)
    limited = ("--max-requests-per-second", 20, "--json")
    done = imgsieve("copy", "from", f"az://{container}/a", *limited, cwd=tmp_path, variables=variables)
    told = json.loads(done.stdout)
    asked = sum(told["requests"][kind] for kind in ("puts", "heads", "lists"))
    assert asked >= 40
    assert told["seconds"] >= (asked - 1) / 20
    (tmp_path / "wide").mkdir()
    for number in range(4):
        (tmp_path / "wide" / f"{number}.bin").write_bytes(bytes(250_000))
    wide = ("--max-bandwidth", "500kB", "--json")
    done = imgsieve("copy", "wide", f"az://{container}/b", *wide, cwd=tmp_path, variables=variables)
    assert json.loads(done.stdout)["seconds"] >= 1.5


def test_secrets_are_shown_nowhere(azurite: Azurite, container: str, variables: Variables, tmp_path: Path) -> None:
    to = second(azurite, container)
    fill_container(azurite, container, {"a.jpg": b"one", "b.jpg": b"two"})
    fill_container(azurite, to, {"b.jpg": b"another"})
    reading, writing = make_sas(container, "rl"), make_sas(to, "rlcw")
    source, target = f"{azurite.endpoint}/{container}?{reading}", f"{azurite.endpoint}/{to}?{writing}"
    done = imgsieve("copy", source, target, "--json", cwd=tmp_path, variables=variables)
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout)["counts"] == {"copied": 1, "differs": 1}
    expired = f"{azurite.endpoint}/{container}?{make_sas(container, 'rl', hours=-1)}"
    refused = imgsieve("copy", expired, target, "--journal", "j2", cwd=tmp_path, variables=variables)
    assert refused.returncode == 1
    held = b"".join(tree(tmp_path).values()).decode()
    for text in (held, done.stdout, done.stderr, refused.stdout, refused.stderr):
        assert "sig=" not in text
        assert reading.partition("sig=")[2] not in text
        assert KEY not in text
        assert SECRET not in text


def test_a_filter_chooses_what_is_copied(
    azurite: Azurite, container: str, variables: Variables, tmp_path: Path
) -> None:
    fill_container(azurite, container, {"a.jpg": b"1", "b.png": b"2", "trash/c.jpg": b"3"})
    chosen = ("--include", "*.jpg", "--exclude", "trash/")
    assert imgsieve("copy", f"az://{container}", "to", *chosen, cwd=tmp_path, variables=variables).returncode == 0
    assert tree(tmp_path / "to") == {"a.jpg": b"1"}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("from", "from/below"), 2, "overlap"),
        (("from", "to", "--keepers"), 2, "go together"),
        (("from", "to", "--with-failed"), 2, "--with-failed goes with"),
        (("from", "to", "--from-run", "from", "--keepers"), 1, "not the folder of a run"),
        (("nothing", "to"), 1, "does not exist"),
        (("from", "to", "--include", "*.gif"), 1, "there are no files"),
        (("from", "from/p0000.jpg/x"), 2, "overlap"),
        (("from", "az://no-such-container"), 1, "there is no such container"),
        (("az://no-such-container", "to"), 1, "there is no such container"),
        (("from", "to", "--journal", "from/p0000.jpg"), 2, "is no journal"),
        (("from",), 2, "DST"),
    ],
)
def test_wrong_calls_are_told(
    variables: Variables, tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    files = fill_folder(tmp_path / "from", 2)
    done = imgsieve("copy", *arguments, cwd=tmp_path, variables=variables)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert tree(tmp_path / "from") == files
