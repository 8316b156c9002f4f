"""Train the descriptor net.

Usage::

    python -m training.train --data photos.zip --out DIR [--device cpu|cuda] [--steps 11000] [--seed 1]

DIR gets ``checkpoint.pt``, from which the same command goes on where it was stopped, and ``train.log``.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from training.batches import Batch, Batches
from training.chance import Chance
from training.halves import Halves
from training.losses import contrast, spread
from training.overlays import Scenery, writings
from training.pictures import Bank, Photographs, load_photographs
from training.procedural import procedural
from training.state import Recipe, State
from training.validate import RATES, describe, validate
from training.views import plain

__all__ = ["main"]


@dataclass(frozen=True)
class Material:
    """What a training works on."""

    scenery: Scenery
    held_back: Bank


def _material(archive: Path, recipe: Recipe, device: torch.device) -> Material:
    photographs: Photographs = load_photographs(archive)
    drawn, unseen = procedural(recipe.procedural, recipe.seed), procedural(recipe.procedural // 8, recipe.seed + 1)
    pictures = photographs.training.joined(drawn).to(device)
    scenery = Scenery(pictures, writings(1024, recipe.seed).to(device))
    return Material(scenery, photographs.validation.joined(unseen).to(device))


def _step(state: State, halves: Halves, batch: Batch, device: torch.device) -> tuple[float, float]:
    """Take one step; returns both parts of the loss."""
    recipe = state.recipe
    for group in state.optimizer.param_groups:
        group["lr"] = recipe.rate(state.step)
    parts = halves.describe(batch.luma.to(device), batch.cells.to(device))
    found = [part.detach().requires_grad_() for part in parts]
    every, owners, first = torch.cat(found), *_whose(batch, len(parts), device)
    close = contrast(every, owners, first, temperature=recipe.temperature, others=recipe.others)
    entropy = spread(every, owners)
    gradients = torch.autograd.grad(close + recipe.entropy * entropy, found)
    halves.backward(parts, list(gradients))
    torch.nn.utils.clip_grad_norm_(state.net.parameters(), 1.0)
    state.optimizer.step()
    state.average()
    state.step += 1
    return float(close.detach()), float(entropy.detach())


def _whose(batch: Batch, parts: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Tell which picture each view shows and which views are plain, in the order of the parts."""
    plain_ones = torch.arange(len(batch.owners)) < len(batch.owners) // 3
    owners, first = (torch.cat([v[k::parts] for k in range(parts)]) for v in (batch.owners, plain_ones))
    return owners.to(device), first.to(device)


def _look_alikes(state: State, pictures: Bank, side: int) -> Tensor:
    """Find the 12 pictures that look most like each, shape (n, 12), on the host."""
    device = pictures.aspects.device
    parts = torch.split(torch.arange(len(pictures), device=device), 512)
    chance = Chance(0, 0, device)
    found = torch.cat([describe(state.averaged, plain(pictures, part, side, chance)) for part in parts])
    near = [(part @ found.T).topk(13).indices[:, 1:] for part in torch.split(found, 512)]
    return torch.cat(near)


def _round(state: State, material: Material, last: int, device: torch.device, log: Log) -> None:
    """Train up to a step, with one table of look-alikes."""
    side = state.recipe.side(state.step)
    batches = Batches(
        material.scenery,
        state.neighbors,
        first=state.step,
        last=last,
        side=side,
        size=state.recipe.size,
        seed=state.recipe.seed,
    )
    # On a processor the views are made beside the training, by one process more.
    workers = 1 if device.type == "cpu" else 0
    loader: DataLoader[Batch] = DataLoader(
        batches, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None
    )
    began, before = time.monotonic(), state.step
    losses, halves = torch.zeros(2), Halves(state.net, state.recipe.parts)
    for batch in loader:
        losses += torch.tensor(_step(state, halves, batch, device))
        if state.step % 50 == 0:
            pace, mean = (time.monotonic() - began) / (state.step - before), (losses / 50).tolist()
            log(f"step {state.step} side {side} contrast {mean[0]:.3f} entropy {mean[1]:.3f} {pace:.2f} s a step")
            losses.zero_()


class Log:
    """Lines to the screen and to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, line: str) -> None:
        """Write one line."""
        stamped = f"{time.strftime('%H:%M:%S')} {line}"
        print(stamped, flush=True)
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(stamped + "\n")


def _report(state: State, material: Material, log: Log) -> None:
    """Write how well the averaged net does on pictures held back."""
    finding = validate(state.averaged, material.held_back, material.scenery, state.recipe.side(state.step - 1))
    for name, rates in finding.at_rates.items():
        log(f"  {name:14}" + "".join(f" {rate:.3f}" for rate in rates) + f"  {finding.nearest[name]:.3f}")
    log(f"validation at {RATES} and nearest:" + "".join(f" {rate:.4f}" for rate in finding.mean()))


def train(archive: Path, out: Path, recipe: Recipe, device: torch.device, rounds: int | None = None) -> State:
    """Train, or go on with a training, to its end or for so many rounds."""
    out.mkdir(parents=True, exist_ok=True)
    log = Log(out / "train.log")
    material = _material(archive, recipe, device)
    state = State.load(out / "checkpoint.pt", recipe, device)
    log(f"from step {state.step} to {recipe.steps}: {len(material.scenery.pictures)} pictures")
    while state.step < recipe.steps and rounds != 0:
        rounds = None if rounds is None else rounds - 1
        last = recipe.round_end(state.step)
        _round(state, material, last, device, log)
        if state.step >= recipe.alike_from:
            state.neighbors = _look_alikes(state, material.scenery.pictures, recipe.side(state.step - 1))
        state.save(out / "checkpoint.pt")
        if state.step % recipe.validate_every == 0 or state.step == recipe.steps:
            _report(state, material, log)
    return state


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--size", type=int, default=Recipe.size)
    parser.add_argument("--rate", type=float, default=Recipe.peak)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    recipe = Recipe(steps=options.steps, size=options.size, peak=options.rate, seed=options.seed)
    train(options.data, options.out, recipe, torch.device(options.device))


if __name__ == "__main__":
    main()
