"""Options: read from TOML and overrides, checked before any work, and told apart by fingerprints."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from imgsieve.config import (
    PROFILES,
    WITHOUT_EFFECT,
    DecodeConfig,
    ExecutionConfig,
    GlobalConfig,
    LocalConfig,
    NetworkConfig,
    Profile,
    QualityConfig,
    RunConfig,
    SourceConfig,
    WaveletConfig,
    check_config,
    load_config,
    with_profile,
)
from imgsieve.errors import ConfigError


def toml(tmp_path, text):
    path = tmp_path / "options.toml"
    path.write_text(text, "utf-8")
    return path


def _as_toml(value):
    return "" if value is None else list(value) if isinstance(value, tuple) else value


def test_the_readme_has_all_options_with_their_defaults():
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    told = {
        name: tomllib.loads("\n".join(re.findall(r"`(\w+ = [^`]+)`", line)))
        for name, line in re.findall(r"^\| `\[(\w+)\]` \|(.*)$", readme, re.MULTILINE)
    }
    options = dataclasses.asdict(RunConfig())
    defaults = {table: {name: _as_toml(value) for name, value in row.items()} for table, row in options.items()}
    assert told == defaults


def test_nothing_given_is_the_defaults():
    assert load_config(None) == RunConfig()
    assert load_config(None, {"local": {"min_inliers": None}}) == RunConfig()


def test_a_file_and_overrides_over_it(tmp_path):
    path = toml(tmp_path, '[local]\nmin_inliers = 9\nratio = 1\n[source]\ninclude = ["*.jpg"]\n')
    config = load_config(path, {"local": {"min_inliers": 12}, "execution": {"workers": 3}})
    assert (config.local.min_inliers, config.local.ratio) == (12, 1.0)
    assert config.source.include == ("*.jpg",)
    assert config.execution.workers == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[locale]\n", "no table [locale]"),
        ("[local]\nmin_inlier = 3\n", "'min_inlier'"),
        ("[local]\nmin_inliers = 'many'\n", "local.min_inliers = 'many'"),
        ("[local]\nmin_inliers = 1.5\n", "local.min_inliers"),
        ("[local]\nmin_inliers = -1\n", "local.min_inliers = -1"),
        ("[local]\nmin_inliers = true\n", "local.min_inliers"),
        ("[local]\nratio = nan\n", "local.ratio"),
        ("[decode]\nthumbnails = 1\n", "decode.thumbnails"),
        ("[source]\ninclude = '*.jpg'\n", "source.include"),
        ("[source]\ninclude = [1]\n", "source.include"),
        ("[refine]\ndescriptor = 3\n", "refine.descriptor"),
        ("local = 3\n", "local must be a table"),
        ("not toml", "not TOML"),
        ("profile = 'fast'\n", "memory, balanced, speed"),
        ("profile = 3\n", "profile = 3"),
        ("[local]\nratio = 1.5\n", "from 0 to 1"),
        ("[local]\nratio = inf\n", "local.ratio"),
        ("[wavelet]\nmax_distance_bits = 257\n", "from 0 to 256"),
        ("[network]\nmax_concurrency = 0\n", "1 or more"),
    ],
)
def test_wrong_options_are_told_by_name(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        load_config(toml(tmp_path, text))
    assert said in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "missing.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(tmp_path / "latin.toml")


def test_how_the_work_is_done_does_not_change_the_fingerprint():
    base = RunConfig()
    other = replace(base, execution=ExecutionConfig(workers=7, memory_bytes=1), decode=DecodeConfig(thumbnails=False))
    assert other.fingerprint() == base.fingerprint()
    assert other.recipe() == base.recipe()


def _another(value):
    """Return a value of the same type."""
    if isinstance(value, str):
        return value + "x"
    return not value if isinstance(value, bool) else ("x",) if isinstance(value, tuple) else (value or 0) + 1


@pytest.mark.parametrize("table", ["source", "decode", "wavelet", "color", "refine", "local", "quality"])
def test_every_other_option_changes_the_fingerprint(table, tmp_path):
    base = RunConfig()
    model = tmp_path / "model.onnx"
    model.write_bytes(b"weights")
    model.with_suffix(".toml").write_text("[input]\n")
    section = getattr(base, table)
    for field in dataclasses.fields(section):
        if field.name == "thumbnails":
            continue
        value = getattr(section, field.name)
        other = _another(value)
        if field.name == "descriptor":
            other = str(model)
        changed = replace(base, **{table: replace(section, **{field.name: other})})
        assert changed.fingerprint() != base.fingerprint(), field.name
        described = table == "decode" or field.name in ("descriptor", "trained", "device")
        assert (changed.recipe() != base.recipe()) == described, field.name


def test_the_content_of_a_model_counts_and_not_its_place(tmp_path):
    prints = []
    for folder, weights in (("one", b"1"), ("other", b"1"), ("third", b"2")):
        (tmp_path / folder).mkdir()
        model = tmp_path / folder / "model.onnx"
        model.write_bytes(weights)
        model.with_suffix(".toml").write_text("[input]\n")
        prints.append(RunConfig(refine=GlobalConfig(descriptor=str(model))).fingerprint())
    assert prints[0] == prints[1] != prints[2]


def test_the_plain_form_is_json_and_complete():
    plain = RunConfig().as_dict()
    assert set(plain) == {field.name for field in dataclasses.fields(RunConfig)}
    assert plain["local"]["min_inliers"] == LocalConfig().min_inliers
    assert plain["source"]["include"] == []


def test_options_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunConfig().local.ratio = 0.1


@pytest.mark.parametrize(
    "tables",
    [
        {"execution": ExecutionConfig(workers=-1)},
        {"execution": ExecutionConfig(workers=1.0)},
        {"execution": ExecutionConfig(workers=True)},
        {"execution": ExecutionConfig(memory_bytes=0)},
        {"execution": ExecutionConfig(max_group_size_color=1)},
        {"local": LocalConfig(min_block_share=float("nan"))},
        {"local": None},
        {"local": DecodeConfig()},
        {"source": SourceConfig(include="*.jpg")},
        {"refine": GlobalConfig(descriptor=3)},
        {"quality": QualityConfig(**dict.fromkeys(dataclasses.asdict(QualityConfig()), 0.0))},
    ],
)
def test_options_made_in_python_are_checked_like_those_of_a_file(tables):
    with pytest.raises(ConfigError):
        check_config(RunConfig(**tables))


def test_checked_options_have_the_types_of_the_defaults():
    given = RunConfig(local=LocalConfig(ratio=1), source=SourceConfig(include=["*.jpg"]))
    checked = check_config(given)
    assert isinstance(checked.local.ratio, float)
    assert checked.source.include == ("*.jpg",)
    assert checked.fingerprint() == RunConfig(local=LocalConfig(ratio=1.0), source=checked.source).fingerprint()
    assert check_config(RunConfig()) == RunConfig()


def test_what_is_no_configuration():
    with pytest.raises(ConfigError, match="RunConfig"):
        check_config({"local": {}})


@pytest.mark.parametrize("profile", Profile)
def test_profiles_never_change_a_result(profile):
    assert set(PROFILES[profile]) <= set(WITHOUT_EFFECT)
    assert with_profile(RunConfig(), profile).fingerprint() == RunConfig().fingerprint()
    assert check_config(with_profile(RunConfig(), profile)) == load_config(None, profile=profile)


def test_a_profile_from_a_file_from_a_flag_and_single_options(tmp_path):
    path = toml(tmp_path, "profile = 'memory'\n[execution]\nchunk_size = 3\n")
    config = load_config(path)
    assert (config.execution.workers, config.execution.chunk_size) == (1, 3)
    speed = load_config(path, profile="speed")
    assert (speed.execution.workers, speed.execution.chunk_size) == (0, 3)
    assert speed.network.max_concurrency > config.network.max_concurrency
    assert load_config(path, {"execution": {"workers": 5}}).execution.workers == 5


def test_a_profile_leaves_what_was_chosen():
    config = RunConfig(execution=ExecutionConfig(workers=3), network=NetworkConfig(max_concurrency=5))
    laid = with_profile(replace(config, wavelet=WaveletConfig(tables=7)), Profile.MEMORY)
    assert (laid.execution.workers, laid.network.max_concurrency, laid.wavelet.tables) == (3, 5, 7)
    assert laid.execution.gc_frequency == PROFILES[Profile.MEMORY]["execution"]["gc_frequency"]


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", ""])
def test_unknown_devices_are_refused(device):
    with pytest.raises(ConfigError, match=r"refine\.device"):
        check_config(RunConfig(refine=GlobalConfig(device=device)))


def test_features_of_other_devices_are_other_features_where_a_model_makes_them():
    for config, differ in ((GlobalConfig(), True), (GlobalConfig(trained=False), False)):
        recipes = {RunConfig(refine=replace(config, device=device)).recipe() for device in ("cpu", "cuda", "cuda:1")}
        assert len(recipes) == (3 if differ else 1)
