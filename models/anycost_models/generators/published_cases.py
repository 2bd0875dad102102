"""Compares an imported generator with images of the published Anycost GAN code: `anycost models check`.

A case folder holds one checkpoint (.pt), cases.json (sizes, and sub-generators by name) and expected.npz (the W+ of all
cases, each case's images, and what the mapping network makes of z).
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from anycost_models.core.errors import AnycostError
from anycost_models.generators.elastic import SubGenerator
from anycost_models.generators.stylegan2 import StyleGAN2Generator
from anycost_models.generators.stylegan2_checkpoint_import import read_published

LIMIT = 1e-4  # largest absolute difference of a right import, on images of about −1…1
_MAX_BYTES = 4 << 30  # of expected.npz
_MAX_JSON = 16 << 20
_FROM_Z = re.compile(r"from_z(?:_truncation_(\d+(?:\.\d+)?)_style_mean_of_w)?")
_SIZES = {  # what cases.json may say of the generator
    "resolution": lambda config: config.resolution,
    "style_dim": lambda config: config.style_dim,
    "n_style": lambda config: config.styles,
    "full_channels": lambda config: list(config.channels),
}


@dataclass(frozen=True)
class CaseDifference:
    name: str
    difference: float  # largest absolute one; NaN where images hold NaN

    @property
    def agrees(self) -> bool:
        return self.difference <= LIMIT


def compare(folder: Path) -> Iterator[CaseDifference]:
    """Every case of the folder, one after the other. Raises AnycostError, before the first one, when the folder is not
    such a folder, its files don't belong together, or the checkpoint is not a whole generator."""
    cases, expected = _cases(folder), _expected(folder / "expected.npz")
    checkpoints = sorted(folder.glob("*.pt"))
    if len(checkpoints) != 1:
        raise AnycostError(f"{folder} holds {len(checkpoints)} checkpoints (*.pt)", "leave one generator there")
    model = read_published(checkpoints[0])
    if not isinstance(model, StyleGAN2Generator):
        raise AnycostError(f"{checkpoints[0]} is no generator", "leave one generator there")
    for key, size in _SIZES.items():
        if key in cases and cases[key] != size(model.config):
            raise AnycostError(
                f"{checkpoints[0]} has a {key} of {size(model.config)}, cases.json says {cases[key]}",
                "restore the folder",
            )
    plan = [(case["name"], *_subs(model, case)) for case in cases["cases"]]
    odd = sorted({"wplus", *(name for name, *_ in plan)} - expected.keys())
    if odd:
        raise AnycostError(f"{folder / 'expected.npz'} lacks {', '.join(odd)}", "restore the folder")
    latent = model.as_wplus(expected["wplus"])
    return _run(model, plan, latent, expected)


def _run(
    model: StyleGAN2Generator, plan: list[tuple[Any, ...]], latent: Tensor, expected: Mapping[str, Tensor]
) -> Iterator[CaseDifference]:
    with torch.inference_mode():
        for name, *subs in plan:
            yield CaseDifference(name, max(_difference(name, model(latent, sub), expected[name]) for sub in subs))
        if not {"z", "w"} <= expected.keys():
            return
        w = model.mapping(expected["z"].flatten(0, -2))
        wanted = expected["w"].flatten(0, -2)
        yield CaseDifference("mapping", _difference("w", w, wanted))
        for name, image in expected.items():
            if match := _FROM_Z.fullmatch(name):
                truncated = torch.lerp(wanted.mean(dim=0).expand_as(w), w, float(match[1] or 1))
                yield CaseDifference(name, _difference(name, model(truncated), image))


def _subs(model: StyleGAN2Generator, case: Mapping[str, Any]) -> list[SubGenerator]:
    """The sub-generator of a case; two where its ratio and its list of channels don't say the same to us."""
    ways: list[tuple[int, ...] | float] = [tuple(case["channels"])] if "channels" in case else []
    ways += [float(case["uniform_ratio"])] if "uniform_ratio" in case else []
    subs = [SubGenerator(case["resolution"], way) for way in ways or [1.0]]
    return list({model.widths(sub): sub for sub in subs}.values())


def _difference(name: str, got: Tensor, wanted: Tensor) -> float:
    if got.shape != wanted.shape:
        raise AnycostError(
            f"{name} in expected.npz is {tuple(wanted.shape)}, the generator draws {tuple(got.shape)}",
            "restore the folder",
        )
    return float((got - wanted).abs().max())


def _cases(folder: Path) -> dict[str, Any]:
    path = folder / "cases.json"
    try:
        if path.stat().st_size > _MAX_JSON:
            raise AnycostError(f"{path} is too large", "restore the folder")
        cases = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise AnycostError(f"cannot read {path}: {error.strerror}", "name a folder of cases") from error
    except (ValueError, RecursionError) as error:
        raise AnycostError(f"{path} is not JSON ({error})", "restore the folder") from error
    rows = cases.get("cases") if isinstance(cases, dict) else None
    if not isinstance(rows, list) or not rows:
        raise AnycostError(f"{path} lists no 'cases'", "restore the folder")
    for i, row in enumerate(rows):
        if not isinstance(row, dict) or not _is_case(row):
            raise AnycostError(
                f"{path} has a case that is not complete",
                f"give case {i + 1} a name, a resolution, and a uniform_ratio or a list of channels",
            )
    return cases


def _is_case(row: dict[str, Any]) -> bool:
    channels, ratio = row.get("channels", []), row.get("uniform_ratio", 1)
    return (
        isinstance(row.get("name"), str)
        and type(row.get("resolution")) is int
        and isinstance(channels, list)
        and all(type(width) is int for width in channels)
        and type(ratio) in (int, float)
    )


def _expected(path: Path) -> dict[str, Tensor]:
    """float32 arrays by name."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > _MAX_BYTES:
                raise AnycostError(f"{path} is too large", "restore the folder")
        with np.load(path, allow_pickle=False) as arrays:
            expected = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    except FileNotFoundError as error:
        raise AnycostError(f"{path} is missing", "name a folder of cases") from error
    except (OSError, ValueError, TypeError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise AnycostError(f"{path} cannot be read ({reason})", "restore the folder") from error
    for name, array in expected.items():
        if not array.isfinite().all() or array.numel() == 0:
            raise AnycostError(f"{path}: {name} is empty or holds numbers that are not finite", "restore the folder")
    return expected
