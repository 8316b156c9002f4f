"""The loss: contrast between views of one picture and of others, and entropy.

As in SSCD (Pizzi et al. 2022, doi:10.1109/CVPR52688.2022.01413): the regularizer of Sablayrolles et al. 2019
(arXiv:1806.03198) drives each descriptor away from its nearest stranger, which spreads strangers evenly, so that one
threshold serves for all kinds of pictures. Descriptors of earlier steps as further strangers (cross-batch memory, Wang
et al. 2020) were tried: while the net changes quickly they draw all descriptors together.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["contrast", "spread"]


def contrast(descriptors: Tensor, owners: Tensor, first: Tensor, *, temperature: float, others: float) -> Tensor:
    """Cross entropy of finding each view's partners among all strangers.

    Parameters
    ----------
    descriptors
        Shape (n, d), unit length.
    owners
        Which picture a view shows, shape (n,).
    first
        Whether a view is the unedited one, shape (n,): pairs with it count fully, pairs of two edits ``others``.
    """
    similar = descriptors @ descriptors.T / temperature
    same = owners[:, None] == owners[None, :]
    strange = similar.masked_fill(same, float("-inf")).logsumexp(1)
    losses = torch.logaddexp(similar, strange[:, None].expand_as(similar)) - similar
    weights = torch.where(first[:, None] | first[None, :], 1.0, others) * (
        same & ~torch.eye(len(owners), dtype=torch.bool, device=owners.device)
    )
    return (losses * weights).sum() / weights.sum()


def spread(descriptors: Tensor, owners: Tensor) -> Tensor:
    """Entropy regularizer: minus the mean logarithm of the distance to the nearest stranger."""
    with torch.no_grad():
        similar = descriptors @ descriptors.T
        nearest = similar.masked_fill(owners[:, None] == owners[None, :], -2).argmax(1)
    distance = (descriptors - descriptors[nearest]).square().sum(1).add(1e-6).sqrt()
    return -distance.add(1e-4).log().mean()
