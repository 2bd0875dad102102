"""The study of `train_on_gpu.py`: its four stages, three of them at once, and the table of `from_scratch.py`.

Networks this small keep a GPU less busy than the process that feeds it: each chain of stages has a process of its own.
"""

import multiprocessing
import os
import shutil
import signal
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, cast

import from_scratch
import msgspec
import torch
from anycost_models.core.errors import AnycostError
from anycost_models.plotting.contact_sheet import save_image
from anycost_models.training.data.image_dataset import ImageDataset, RenderedImages, open_dataset
from anycost_models.training.engine.interrupt import stop_requests
from anycost_models.training.engine.stage import TrainingStage, find_stage
from anycost_models.training.gan.distance import TrainingDistance
from anycost_models.training.run import train
from gpu_run import MARGIN, Run, measure, pack, share_that_fits, steps_done, unpack

FIRST, SECOND = "study_multiresolution", "study_adaptive"
CHAINS = ((FIRST, SECOND), ("study_half",), ("study_quarter",))  # a stage waits for those before it in its chain
STAGES = [name for chain in CHAINS for name in chain]
BATCH = 64  # pictures of a step: what the stages mean by two processes of 32 each
SHARE = "share.txt"  # of the pictures, in the first stage's folder: a second run has the same goal
BUILDING = 10.0  # seconds until a stage's networks are there


def stage_of(name: str, tiny: bool, share: float = 1.0) -> TrainingStage:
    """The shipped stage with that share of its pictures, for one process."""
    stage = find_stage(name)
    batch, pool, images = (16, 32, stage.images // 4000) if tiny else (BATCH, stage.data.pool, stage.images)
    steps = max(round(share * images / batch), 1)
    data = msgspec.structs.replace(stage.data, kept_by=FIRST, pool=pool)
    adversarial = stage.adversarial and msgspec.structs.replace(stage.adversarial, measured=0)  # the time is short
    parts = {"data": data, "adversarial": adversarial}
    return msgspec.structs.replace(stage, batch=batch, images=steps * batch, save_minutes=1.0, **parts)


def train_chain(run: Run, chain: tuple[str, ...], share: float, until: float) -> dict[str, Any]:
    """Trains stages one after the other, as far as time allows. Returns steps and seconds of each that was begun."""
    found: dict[str, Any] = {}
    with stop_requests(until) as stopped:  # also while a stage's networks are made or written
        for name in chain:
            stage, start = stage_of(name, run.tiny, share), time.time()
            steps, done = stage.images // stage.batch, steps_done(run.work / name)
            if done < steps and not stopped():
                trained = train(stage, run.work / name, until=until)
                done = trained.step if trained else done
            seconds = round(time.time() - start, 1)
            found[name] = {"steps": done, "of": steps, "pictures": done * stage.batch, "seconds": seconds}
            if done < steps:
                break
    return found


def study(run: Run) -> dict[str, Any]:
    """Plans, trains and compares. Raises AnycostError when a model's file is missing or a process dies."""
    for name in STAGES:
        unpack(run.folder / f"{name}.tar.gz", run.work / name)
    render_pictures(run)
    threads = max((os.cpu_count() or 1) // 4, 1)
    context = multiprocessing.get_context("spawn")  # a process that has used a GPU cannot be forked
    try:
        with ProcessPoolExecutor(len(CHAINS), context, _begin, (threads,)) as processes:
            report = _train(run, processes)
    except BrokenProcessPool as error:
        raise AnycostError("a training process ended early", "run the same command: it goes on") from error
    finally:
        for name in STAGES:
            if steps_done(run.work / name):
                pack(run.work / name, run.folder / f"{name}.tar.gz", (SHARE,))
    if not report.pop("stopped"):
        rows = []
        for row in from_scratch.compare(run.work, "study", 40 if run.tiny else 2000):
            print(row.line(), flush=True)
            rows.append(row)
        save_image(run.folder / "study.jpg", from_scratch.sheet(rows))
        kept = ("title", "macs", "distance", "spread")
        report["table"] = [{key: getattr(row, key) for key in kept} for row in rows]
    return report


def render_pictures(run: Run) -> None:
    """All training images, before several processes want them."""
    stage = stage_of(FIRST, run.tiny)
    pictures = open_dataset(stage, max(stage.sub_generators.resolutions), run.work / FIRST, fast=False)
    if isinstance(pictures, RenderedImages):
        pictures.faces.fill()


def comparing_seconds(run: Run) -> float:
    """How long the table will take on this machine, measured on a few pictures."""
    pictures = from_scratch.training_images(run.work, "study")
    few, start = pictures[:1000], time.perf_counter()
    _ = TrainingDistance(cast(ImageDataset, few), samples=2).known
    drawn = len(from_scratch.NETWORKS) * len(from_scratch.SEEDS) * 2000
    # Rendering a face costs about as much as its features.
    seconds = (time.perf_counter() - start) / len(few) * (len(pictures) + 2 * drawn)
    return 5.0 if run.tiny else seconds + 10


def _begin(threads: int) -> None:
    torch.set_num_threads(threads)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a chain of stages listens while it is trained


def _train(run: Run, processes: ProcessPoolExecutor) -> dict[str, Any]:
    known = _known_share(run)
    speeds = _speeds(run, known, processes)
    reserve = comparing_seconds(run)
    seconds = MARGIN * run.left(reserve) - BUILDING
    share = _share(run, known, speeds, seconds)
    print(
        f"plan: {', '.join(f'{name} {speed:.0f} pictures/s' for name, speed in speeds.items()) or 'nothing to train'}"
    )
    print(f"plan: {share:.2%} of the pictures that the stages name, in {max(seconds, 0):.0f} s", flush=True)
    futures = [processes.submit(train_chain, run, chain, share, run.until - reserve) for chain in CHAINS]
    with stop_requests() as stopped:
        while wait(futures, 0.5, FIRST_EXCEPTION).not_done and not any(map(_failed, futures)):
            if stopped():
                for process in multiprocessing.active_children():
                    if process.pid:
                        os.kill(process.pid, signal.SIGINT)  # its trainer saves and stops
        stages = {name: found for future in futures for name, found in future.result().items()}
        for name, found in stages.items():
            found["pictures_per_second"] = round(speeds.get(name, 0.0), 1) or None
            print(f"{name}: step {found['steps']} of {found['of']}, {found['pictures']:,} pictures", flush=True)
        return {"share": share, "stages": stages, "stopped": stopped()}


def _failed(future: "Future[dict[str, Any]]") -> bool:
    return future.done() and future.exception() is not None


def _speeds(run: Run, known: float | None, processes: ProcessPoolExecutor) -> dict[str, float]:
    """Pictures a second of each stage that is not finished, measured with the other chains running beside.

    known: the share of the pictures that is the goal, if that is known already"""
    goals = {name: stage_of(name, run.tiny, known or 1.0) for name in STAGES}
    unfinished = [name for name in STAGES if steps_done(run.work / name) < goals[name].images // goals[name].batch]
    speeds: dict[str, float] = {}
    tried = run.work / "measured"  # the second stage's own steps begin only when the first stage is finished
    for now in (FIRST, SECOND):
        beside = [name for name in unfinished if name in (now, *(chain[0] for chain in CHAINS[1:]))]
        folders = {name: tried if name == SECOND else run.work / name for name in beside}
        waiting = {name: processes.submit(measure, goals[name], folders[name], run.tiny) for name in beside}
        speeds |= {name: future.result() for name, future in waiting.items()}
    shutil.rmtree(tried, ignore_errors=True)
    return speeds


def _share(run: Run, known: float | None, speeds: dict[str, float], seconds: float) -> float:
    """The share of the pictures that is the goal, remembered for the next run. Raises AnycostError when none fits."""
    share = known
    if share is None:
        full = {name: stage_of(name, run.tiny).images for name in STAGES}
        done = {name: steps_done(run.work / name) * stage_of(name, run.tiny).batch for name in STAGES}
        chains = [[(full[name], done[name], speeds[name]) for name in chain if name in speeds] for chain in CHAINS]
        share = share_that_fits([chain for chain in chains if chain], seconds)
        if any(share * full[name] < done[name] for name in STAGES):
            raise AnycostError(f"{max(seconds, 0):.0f} seconds are too short for the study", "give it more --minutes")
    (run.work / FIRST / SHARE).write_text(repr(share), encoding="ascii")
    return share


def _known_share(run: Run) -> float | None:
    """As asked, or of an earlier run. A larger one begins the second stage anew: its first stage sees more before."""
    path = run.work / FIRST / SHARE
    earlier = float(path.read_text(encoding="ascii")) if path.exists() else None
    if earlier and run.share and run.share > earlier:
        shutil.rmtree(run.work / SECOND, ignore_errors=True)
    return run.share or earlier
