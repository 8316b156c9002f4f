"""The training of the descriptor, on a handful of pictures; needs PyTorch, which the package itself does not."""

import math
import zipfile

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
from training.batches import Batches  # noqa: E402
from training.chance import Chance  # noqa: E402
from training.damage import DAMAGE, compress  # noqa: E402
from training.export import settle  # noqa: E402
from training.geometry import Placement, draw_maps, sample  # noqa: E402
from training.losses import contrast, spread  # noqa: E402
from training.net import DescriptorNet, inputs_of  # noqa: E402
from training.overlays import Scenery, writings  # noqa: E402
from training.pictures import held_back, load_photographs  # noqa: E402
from training.procedural import KINDS, procedural  # noqa: E402
from training.state import Recipe  # noqa: E402
from training.tones import TONES, gray, invert  # noqa: E402
from training.train import train  # noqa: E402
from training.views import MANY, edited, plain  # noqa: E402

HOST = torch.device("cpu")


@pytest.fixture(scope="module")
def scenery():
    return Scenery(procedural(21, 5), writings(8, 5))


def chance(step=0):
    return Chance(3, step, HOST)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_drawn_pictures_differ_from_each_other(kind):
    rng = np.random.default_rng(1)
    one, two = (cv2.resize(kind(rng), (32, 32)).astype(int) for _ in range(2))
    assert abs(one - two).mean() > 4


@pytest.mark.parametrize("share, edit", [*TONES, *DAMAGE], ids=lambda v: getattr(v, "__name__", ""))
def test_each_edit_keeps_the_shape_and_is_repeatable(scenery, share, edit):
    pixels = plain(scenery.pictures, torch.arange(12), 64, chance())
    first, second = (edit(pixels.clone(), chance(7)) for _ in range(2))
    assert first.shape == pixels.shape
    assert torch.isfinite(first).all()
    assert torch.equal(first, second)


def test_stickers_cover_a_small_part_and_leave_the_rest(scenery):
    pixels = plain(scenery.pictures, torch.arange(20), 64, chance())
    stuck = scenery.stickers(pixels.clone(), chance(2))
    changed = (stuck != pixels).any(dim=1).float().mean(dim=(1, 2))
    assert changed.min() > 0.005
    assert changed.max() < 0.25
    assert changed.median() < 0.12


def test_gray_and_negative_are_what_they_say(scenery):
    pixels = plain(scenery.pictures, torch.arange(3), 64, chance())
    dull = gray(pixels, chance())
    assert torch.equal(dull[:, 0], dull[:, 2])
    assert torch.allclose(invert(invert(pixels, chance()), chance()), pixels, atol=1e-6)


def test_compression_loses_little_of_a_smooth_picture():
    smooth = torch.linspace(0.2, 0.8, 64).expand(4, 3, 64, 64).clone()
    assert (compress(smooth, chance()) - smooth).abs().mean() < 0.05


def test_without_edits_a_view_is_the_picture(scenery):
    still = Placement(cropped=0, placed=0, oriented=0, turned=0, slanted=0)
    bank, chosen = scenery.pictures, torch.arange(4)
    maps = draw_maps(bank.aspects[chosen], still, chance())
    views, inside = sample(bank, chosen, maps, 128)
    assert inside.all()
    assert torch.allclose(views * 255, bank.levels[0][chosen].float(), atol=0.01)


def test_orientations_move_pixels_and_change_none(scenery):
    turned = Placement(cropped=0, placed=0, oriented=1, turned=0, slanted=0)
    bank, chosen = scenery.pictures, torch.arange(8)
    views, _ = sample(bank, chosen, draw_maps(bank.aspects[chosen], turned, chance()), 128)
    sums = bank.levels[0][chosen].float().sum((1, 2, 3))
    assert torch.allclose(views.sum((1, 2, 3)) * 255, sums, rtol=1e-4)


@pytest.mark.parametrize("side", [64, 80, 96])
def test_edited_views_are_in_range(scenery, side):
    views = edited(scenery.pictures, torch.arange(21), side, MANY, scenery, chance())
    assert views.shape == (21, 3, side, side)
    assert views.min() >= 0
    assert views.max() <= 1


def test_a_batch_depends_on_its_number_alone(scenery):
    whole = Batches(scenery, None, first=0, last=8, side=64, size=8, seed=1)
    later = Batches(scenery, None, first=5, last=8, side=64, size=8, seed=1)
    assert torch.equal(whole[6].luma, later[1].luma)
    assert not torch.equal(whole[6].luma, whole[5].luma)


def test_loss_is_least_when_views_of_a_picture_agree():
    owners, first = torch.arange(4).repeat(2), torch.arange(8) < 4
    good = torch.eye(4).repeat(2, 1)
    bad = torch.cat((torch.eye(4), torch.eye(4).roll(1, 0)))
    losses = [float(contrast(v, owners, first, temperature=0.05, others=0.3)) for v in (good, bad)]
    assert losses[0] < 0.01
    assert losses[1] > 1


def test_entropy_prefers_strangers_far_apart():
    owners = torch.arange(4)
    near = torch.nn.functional.normalize(torch.ones(4, 4) + 0.1 * torch.eye(4), dim=1)
    assert float(spread(torch.eye(4), owners)) < float(spread(near, owners))
    assert math.isclose(float(spread(torch.eye(4), owners)), -math.log(math.sqrt(2)), abs_tol=1e-3)


def test_means_and_variances_are_measured_anew(scenery):
    torch.manual_seed(0)
    batches = Batches(scenery, None, first=0, last=2, side=64, size=8, seed=1)
    found = [settle(DescriptorNet(), batches) for _ in range(2)][1]
    norms = [part for part in found.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert norms
    assert all(part.running_mean.abs().sum() > 0 for part in norms)
    with torch.no_grad():
        maps = found.stem(found.planes(batches[0].luma.float(), batches[0].cells.float()))
    assert maps.std((0, 2, 3)).median() == pytest.approx(1, abs=0.3)


def test_descriptors_are_unit_vectors_and_blind_to_brightness(scenery):
    torch.manual_seed(0)
    net = DescriptorNet().eval()
    luma, cells = inputs_of(plain(scenery.pictures, torch.arange(7), 96, chance()))
    with torch.no_grad():
        found = net(luma, cells)
        darker = net(luma * 0.5 + 20, cells)
    assert torch.allclose(found.norm(dim=1), torch.ones(7), atol=1e-5)
    textured = luma.std((1, 2, 3)) > 30
    assert ((found * darker).sum(1)[textured] > 0.98).all()


@pytest.fixture
def archive(tmp_path):
    rng = np.random.default_rng(2)
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as stored:
        for k in range(40):
            pixels = cv2.resize(rng.integers(0, 255, (6, 5, 3), dtype=np.uint8), (100, 128))
            stored.writestr(f"kind/{k}.jpg", cv2.imencode(".jpg", pixels)[1].tobytes())
    return tmp_path / "photos.zip"


def test_photographs_held_back_are_told_by_their_names(archive):
    photographs = load_photographs(archive)
    assert len(photographs.validation) == sum(held_back(f"kind/{k}.jpg") for k in range(40))
    assert len(photographs.training) + len(photographs.validation) == 40


def test_a_resumed_training_ends_as_one_that_was_never_stopped(archive, tmp_path):
    sizes = {"size": 8, "procedural": 16, "round": 2, "validate_every": 100, "warmup": 1, "sides": ((0.0, 32),)}
    recipe = Recipe(steps=4, **sizes)
    torch.manual_seed(1)
    whole = train(archive, tmp_path / "whole", recipe, HOST)
    torch.manual_seed(1)
    train(archive, tmp_path / "parts", recipe, HOST, rounds=1)
    resumed = train(archive, tmp_path / "parts", recipe, HOST)
    for mine, theirs in zip(whole.averaged.parameters(), resumed.averaged.parameters(), strict=True):
        assert torch.allclose(mine, theirs, atol=1e-6)
