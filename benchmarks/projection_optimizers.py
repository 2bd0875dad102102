"""Prints how fast the optimizers of projection converge: L-BFGS with and without measured curvature, and Adam.

    python benchmarks/projection_optimizers.py [FACES]

Projects the astronaut and FACES generated faces (default 2) from the mean style by the same schedule; Adam with three
learning rates. Prints the final scores, CPU seconds, and the PSNR at 256 px of every fourth step.
"""

import sys
import time

import numpy as np
import skimage.data
from anycost_models.core.malloc_settings import keep_freed_memory
from anycost_models.evaluation.projections import face_to_evaluate, generated_faces
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.labels import FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.projection.curvature import Curvature, load_curvature
from anycost_models.projection.inversion import ProjectionSettings, ProjectionStep, project
from anycost_models.projection.loss import AutogradLosses
from anycost_models.projection.scores import ProjectionScorer
from anycost_models.projection.settings import BY_CURVATURE, ProjectionStage


def variants(known: Curvature) -> dict[str, tuple[Curvature | None, tuple[ProjectionStage, ...]]]:
    """Title → curvature (None: Adam) and schedule. known: the measured curvature"""
    mean = (known.values.sum(1) + known.rest * (512 - known.values.shape[1])).mean() / 512
    # The same mean curvature in all directions.
    flat = Curvature(np.zeros_like(known.directions[:, :1]), np.zeros_like(known.values[:, :1]), np.full(16, mean))
    found: dict[str, tuple[Curvature | None, tuple[ProjectionStage, ...]]] = {
        "L-BFGS, measured curvature": (known, BY_CURVATURE),
        "L-BFGS without": (flat, BY_CURVATURE),
    }
    for rate in (0.1, 0.2, 0.4):
        stages = tuple(ProjectionStage(stage.sub, stage.steps, rate, rate / 2) for stage in BY_CURVATURE)
        found[f"Adam, {rate:g} σ"] = (None, stages)
    return found


def main() -> None:
    keep_freed_memory()
    model, perceptual, labels = load_generator(), load_perceptual(), FaceLabels.load()
    losses = AutogradLosses(model, perceptual)
    photo = skimage.data.astronaut()
    mesh = labels.mesh.landmarks(photo, AlignedSquare((226.0, 125.0), (80.0, 0.0)))
    square = mesh.ffhq_square()
    subjects = [face_to_evaluate("astronaut", square.crop(photo, 256), mesh.moved(square.matrix(256)), labels)]
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    subjects += generated_faces(model, ProjectionScorer(model, perceptual, None), labels, count, seed=0)
    for subject in subjects:
        for name, (curvature, stages) in variants(load_curvature()).items():
            psnrs: list[str] = []

            def record(step: ProjectionStep, psnrs: list[str] = psnrs) -> bool:
                psnrs.append(f"{step.psnr:.1f}")
                return True

            started = time.process_time()
            found = project(
                losses,
                subject.face,
                subject.importance,
                ProjectionSettings(stages),
                record,
                curvature=curvature,
            )
            seconds = time.process_time() - started
            scores = f"{found.psnr:5.2f} dB  ENL0 {found.enl0:.3f}  {seconds:4.1f} s"
            print(f"{subject.name:12} {name:27} {scores}  {' '.join(psnrs[::4])}", flush=True)


if __name__ == "__main__":
    main()
