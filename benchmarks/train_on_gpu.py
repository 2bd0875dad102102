"""Trains what is most worth it for a few minutes on a GPU, from what is committed, and measures what came of it.

    python benchmarks/train_on_gpu.py --output DIR [--minutes 8.5] [--what study | nested | encoder] [--share 0.5]
    python benchmarks/train_on_gpu.py --output DIR --device cpu --tiny        # tries it without a GPU, in two minutes

study: the four stages study_… (docs/training.md) and their table. As many pictures as the stages name, or the share
of each stage's that fits in the time; with --share that share, in as many runs as it takes, and a larger one goes on
from a smaller one. nested: the embedded sub-generators, for the time that is left, and their PSNR and ENL0 before and
after. encoder: the embedded encoder likewise. Without --what: the study and, once it is finished, nested.

It measures how fast each stage is, prints its plan, trains, evaluates, and leaves in DIR report.json, study.jpg, and
files below 16 MiB: an archive for each stage (network, checkpoint, scalars), nested-1-of-2.safetensors …,
encoder-1-of-3.safetensors … . The same command goes on from these. `--what nested --join FILE` writes the parts as one.
Nothing else is written, nothing fetched: the model files of other projects must be there ('anycost models fetch').
"""

import argparse
import json
import os
import platform
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anycost_models.core.atomic_files import write_aside
from anycost_models.core.errors import AnycostError
from anycost_models.core.extras import require_torch

if TYPE_CHECKING:
    from gpu_run import Run

LEAST = 60.0  # seconds: less is not worth another part's beginning


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--minutes", type=float, default=8.5)
    parser.add_argument("--what", choices=["study", "nested", "encoder"])
    parser.add_argument("--share", type=float, help="of the study's pictures, above 0 and up to 1")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--tiny", action="store_true", help="few pictures, small batches")
    parser.add_argument("--join", type=Path, metavar="FILE", help="trains nothing")
    args = parser.parse_args()
    until = time.time() + 60 * args.minutes
    try:
        require_torch("this benchmark")
        os.environ.setdefault("TQDM_MININTERVAL", "10")  # seconds: three progress bars at once
        if args.device == "cpu":
            os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch looks, and for the processes that it starts
        if args.share is not None and not 0 < args.share <= 1:
            raise AnycostError(f"a share of {args.share:g}", "choose one above 0 and up to 1")
        _check_device(args.device)

        from gpu_run import Run, join_parts

        if args.join:
            if args.what not in ("nested", "encoder") or not join_parts(args.output, args.what, args.join):
                raise AnycostError(f"{args.output} has no parts to join", "name a folder and --what that were trained")
            return 0
        args.output.mkdir(parents=True, exist_ok=True)
        return _run(Run(args.output, until, args.tiny, args.share), args.what)
    except (AnycostError, OSError) as error:
        print(f"train_on_gpu: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train_on_gpu: stopped: the same command goes on", file=sys.stderr)
        return 2


def _check_device(device: str) -> None:
    """Raises AnycostError when the GPU is not there."""
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise AnycostError("torch finds no GPU", "to try it without one add --device cpu --tiny")


def _run(run: "Run", what: str | None) -> int:
    """Trains the parts and writes the report after each of them."""
    from anycost_models.core.malloc_settings import keep_freed_memory
    from gpu_rounds import train_round
    from gpu_study import study

    keep_freed_memory()
    path = run.folder / "report.json"
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if report.get("tiny", run.tiny) != run.tiny:
        raise AnycostError(f"{run.folder} was begun {'without' if run.tiny else 'with'} --tiny", "name another folder")
    report |= {"machine": _machine(), "tiny": run.tiny}
    for part in [what] if what else ["study", "nested"]:
        if part != what and run.left() < LEAST and part != "study":
            print(f"no time is left for {part}: the same command goes on", flush=True)
            break
        report[part] = study(run) if part == "study" else train_round(run, part)
        write_aside(path, (json.dumps(report, indent=1) + "\n").encode())
        if part == "study" and not _finished(report[part]):
            break
    shutil.rmtree(run.work, ignore_errors=True)
    for file in sorted(run.folder.iterdir()):
        print(f"{file}: {file.stat().st_size / (1 << 20):.1f} MiB")
    return 0


def _finished(study: dict[str, Any]) -> bool:
    """Whether every stage has seen all the pictures that it names."""
    stages = study["stages"].values()
    return study["share"] == 1 and len(stages) == 4 and all(found["steps"] >= found["of"] for found in stages)


def _machine() -> dict[str, Any]:
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {"gpu": gpu, "processor": platform.machine(), "cores": os.cpu_count(), "torch": torch.__version__}


if __name__ == "__main__":
    sys.exit(main())
