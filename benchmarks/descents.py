"""Which way down is quickest: python benchmarks/descents.py [FACES]

Projects the astronaut and FACES generated faces (default 2) from the mean style by the same steps: L-BFGS with the
measured curvature, L-BFGS without it, and Adam with three learning rates. Prints the PSNR at 256 px each step saw, its
final scores, and seconds of both cores' work.
"""

import sys
import time

import skimage.data
import torch
from anycost_models.core.malloc_settings import keep_freed_memory
from anycost_models.evaluation.projections import generated_subjects, subject_of
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.labels import FaceLabels
from anycost_models.generators.checkpoint import load_generator
from anycost_models.metrics.enl0 import load_perceptual
from anycost_models.projection.curvature import Curvature, load_curvature
from anycost_models.projection.inversion import ProjectionSettings, project
from anycost_models.projection.schedule import ProjectionStage
from anycost_models.projection.scores import ProjectionScorer
from anycost_models.projection.settings import BY_CURVATURE

keep_freed_memory()
model, perceptual, labels = load_generator(), load_perceptual(), FaceLabels.load()
photo = skimage.data.astronaut()
mesh = labels.mesh.landmarks(photo, AlignedSquare((226.0, 125.0), (80.0, 0.0)))
square = mesh.ffhq_square()
subjects = [subject_of("astronaut", square.crop(photo, 256), mesh.moved(square.matrix(256)), labels)]
count = int(sys.argv[1]) if len(sys.argv) > 1 else 2
subjects += generated_subjects(model, ProjectionScorer(model, perceptual, None), labels, count, seed=0)

known = load_curvature()
# The same mean curvature for all directions.
level = (known.values.sum(1) + known.rest * (512 - known.values.shape[1])).mean() / 512
unknown = Curvature(torch.zeros_like(known.directions[:, :1]), torch.zeros_like(known.values[:, :1]), level.expand(16))
ways = {"L-BFGS, measured curvature": (known, BY_CURVATURE), "L-BFGS without": (unknown, BY_CURVATURE)}
for rate in (0.1, 0.2, 0.4):
    stages = tuple(ProjectionStage(stage.sub, stage.steps, rate, rate / 2) for stage in BY_CURVATURE)
    ways[f"Adam, {rate:g} σ"] = (None, stages)

for subject in subjects:
    for name, (curvature, stages) in ways.items():
        seen: list[str] = []
        started = time.process_time()
        found = project(
            model,
            perceptual,
            subject.face,
            subject.importance,
            ProjectionSettings(stages),
            lambda step, seen=seen: seen.append(f"{step.psnr:.1f}") or True,
            curvature=curvature,
        )
        taken = time.process_time() - started
        scores = f"{found.psnr:5.2f} dB  ENL0 {found.enl0:.3f}  {taken:4.1f} s"
        print(f"{subject.name:12} {name:27} {scores}  {' '.join(seen[::4])}")
