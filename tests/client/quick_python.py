"""The backend's Python with projections of a few steps, so that a test need not wait a minute for one."""

import sys
from functools import partial

from anycost_backend.__main__ import main
from anycost_models.generators.elastic import SubGenerator
from anycost_models.projection import inversion
from anycost_models.projection.settings import ProjectionStage

if __name__ == "__main__":
    stages = (ProjectionStage(SubGenerator(64), 4, 0.12, 0.08),)
    inversion.ProjectionSettings = partial(inversion.ProjectionSettings, stages)  # type: ignore[misc, assignment]
    sys.exit(main(sys.argv[sys.argv.index("anycost_backend") + 1 :]))
