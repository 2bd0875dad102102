"""The scripts that make the embedded generator's sub-generators, on a tiny one."""

import sys

import torch
from anycost_models.generators.checkpoint import load_generator, save_generator
from anycost_models.generators.mobile import MobileGenerator
from anycost_models.generators.mobile_config import TINY
from anycost_models.training.scripts import fit_last_style, initialize_nested


def test_sub_generators_are_initialised_then_their_last_style_is_fitted(tmp_path, monkeypatch, capsys):
    imported, initialised, fitted = (tmp_path / f"{name}.safetensors" for name in ("imported", "initialised", "fitted"))
    torch.manual_seed(0)
    save_generator(MobileGenerator(TINY), imported)

    monkeypatch.setattr(sys, "argv", ["", "--weights", str(imported), "--output", str(initialised), "--samples", "2"])
    initialize_nested.main()
    work = str(tmp_path / "work")
    monkeypatch.setattr(
        sys, "argv", ["", "--weights", str(initialised), "--output", str(fitted), "--work", work, "--count", "3"]
    )
    fit_last_style.main()

    assert capsys.readouterr().out.splitlines() == [f"{initialised} written", f"{fitted} written"]
    before, after, end = (load_generator(path) for path in (imported, initialised, fitted))
    w = torch.randn(1, TINY.style_dim, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(after(w), before(w), atol=0.02, rtol=0)  # sorted channels; fp16 files
    assert not torch.equal(after.nested.blocks[0].conv1.pointwise, before.nested.blocks[0].conv1.pointwise)
    assert end.nested.heads["32"].tint.abs().max() > 0
