"""What the backend holds in memory while it waits."""

import threading

from anycost_backend.editing.models import Models
from anycost_backend.server.job_queue import Job, JobQueue
from anycost_backend.server.warm_up import WarmUp


def test_the_encoder_goes_when_all_faces_are_encoded():
    models, job_queue, held = Models(), JobQueue(), []
    warm_up = WarmUp(lambda: models, job_queue)
    encoder = models.encoder
    assert encoder is not None
    encoder.warm()

    def encode(job: Job) -> None:
        held.append("_networks" in vars(encoder))

    warm_up.settle_later(256)
    job_queue.put(Job("", "", "encoding a face", encode))  # what somebody waits for goes first
    job_queue.put(Job("", "", "", lambda job: job_queue.end(), idle_only=True))
    compute = threading.Thread(target=job_queue.run)
    compute.start()
    compute.join(60)
    assert held == [True]
    assert "_networks" not in vars(encoder)
