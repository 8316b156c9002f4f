"""``run.json``: which run a folder belongs to, its manifest, and how far it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from imgsieve.config import WITHOUT_EFFECT, RunConfig
from imgsieve.errors import RunFolderError
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.manifest import Manifest

__all__ = ["RunState", "open_state"]

_RUNNING, _FINISHED = "running", "finished"


@dataclass
class RunState:
    """The state that a run folder keeps."""

    folder: RunFolder
    value: dict[str, Any]

    @property
    def version(self) -> str:
        """Version of the package that works on the run."""
        return str(self.value["version"])

    def manifest(self) -> Manifest | None:
        """Return the frozen manifest of an unfinished run; None when the sources are to be listed."""
        if self.value["state"] == _FINISHED or "manifest" not in self.value:
            return None
        frozen = Manifest.from_dict(self.folder, self.value["manifest"])
        return frozen if frozen.is_whole() else None

    def freeze(self, manifest: Manifest) -> None:
        """Make a listing the one that the run is about."""
        earlier = self.value.get("manifest", {}).get("parts", [])
        self.value |= {"manifest": manifest.as_dict(), "state": _RUNNING}
        self._write()
        self.folder.remove_others("manifest", manifest.parts, earlier)

    def features(self) -> tuple[str, ...]:
        """Return the parts of the features that earlier extractions left, or may have left when they were stopped."""
        known = self.value.get("features", {})
        return tuple(dict.fromkeys([*known.get("committed", []), *known.get("begun", [])]))

    def begin_features(self, parts: Iterable[str]) -> None:
        """Note the parts that an extraction is going to write."""
        there = set(self.features())
        new = [part for part in parts if part not in there]
        if new:
            known = self.value.get("features", {})
            self.value["features"] = {**known, "begun": [*known.get("begun", []), *new]}
            self._write()

    def finish_features(self, parts: Iterable[str]) -> None:
        """Note the parts that a complete extraction left; all others are gone."""
        now = {"committed": list(parts)}
        if self.value.get("features") != now:
            self.value["features"] = now
            self._write()

    def finish(self) -> None:
        """Note that the run is complete."""
        self.value["state"] = _FINISHED
        self._write()

    def _write(self) -> None:
        self.folder.write_json("run.json", self.value)


def open_state(folder: RunFolder, sources: list[str], config: RunConfig, names: str | None = None) -> RunState:
    """Return the state of a run folder, a new one when it is empty.

    Parameters
    ----------
    sources
        URLs of the sources.
    names
        Names the set of images that were named one by one; None where sources are listed. Other images may be named
        later in the same folder: the features of those that it knows are taken over.

    Raises
    ------
    RunFolderError
        The folder belongs to a run over other sources, or with other options; the message names both.
    """
    mine: dict[str, Any] = {
        "version": version("imgsieve"),
        "sources": sorted(sources),
        "config": config.as_dict(),
        "fingerprint": config.fingerprint(),
        "state": _RUNNING,
        **({} if names is None else {"names": names}),
    }
    theirs = folder.read_json("run.json")
    if theirs is None or "manifest" not in theirs:
        # A run that did not come as far as a listing has nothing to protect.
        folder.write_json("run.json", mine)
        return RunState(folder, mine)
    advice = "name another folder with --out, or remove this one"
    if not _is_same_subject(theirs, mine):
        raise RunFolderError(
            f"the folder {folder.place} belongs to a run over {_subject(theirs)}, "
            f"this run is over {_subject(mine)}; {advice}"
        )
    if theirs.get("fingerprint") != mine["fingerprint"]:
        differing = _differences(theirs.get("config") or {}, mine["config"])
        raise RunFolderError(
            f"the folder {folder.place} belongs to a run with other options ({differing or 'of another version'}; "
            f"fingerprint {theirs.get('fingerprint')} there, {mine['fingerprint']} here); {advice}"
        )
    taken = {name: mine[name] for name in ("version", "config", "sources")}
    if theirs.get("names") != names:
        # An unfinished listing is of other images: these are listed anew, as after a finished run.
        taken |= {"names": names, "state": _FINISHED}
    return RunState(folder, {**theirs, **taken})


def _is_same_subject(theirs: dict[str, Any], mine: dict[str, Any]) -> bool:
    """Return whether two runs are over the same sources, or both over images that are named one by one."""
    named = "names" in theirs, "names" in mine
    return all(named) or (not any(named) and theirs.get("sources") == mine["sources"])


def _subject(state: dict[str, Any]) -> str:
    """Say what a run is over."""
    sources = state.get("sources")
    listed = ", ".join(map(str, sources)) if isinstance(sources, list) else str(sources)
    return f"images named one by one in {listed}" if "names" in state else listed


def _differences(theirs: dict[str, Any], mine: dict[str, Any]) -> str:
    """Say which options differ, with both values."""
    found = []
    for table, options in mine.items():
        if table in WITHOUT_EFFECT:
            continue
        for name, value in options.items():
            other = theirs.get(table, {}).get(name)
            if other != value and (table, name) != ("decode", "thumbnails"):
                found.append(f"{table}.{name} is {other!r} there and {value!r} here")
    return ", ".join(found)
