"""Measures edits end to end, as an editor has them: a real backend process, real sockets, a rendered face as photo."""

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from anycost_client.backend.backend_process import Backend
from anycost_client.core.errors import ClientError
from anycost_client.protocol import messages as m
from anycost_client.transport import connection_file
from anycost_client.transport.channel import Channel
from anycost_models.core.errors import AnycostError

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.models import Models
from anycost_backend.editing.region import Region
from anycost_backend.photo.layer import Layer, as_picture

SIDE = 1024  # pixels: of the selection that is edited
SHOWN = 512  # pixels: of its preview in an editor's docker
PREVIEWS, FINALS = 80, 5
_CACHE_BYTES = 256 << 20
_TIMEOUT = 300.0  # seconds for a reply
_PAUSE = 3.0  # seconds for which an artist looks at a face before moving a slider; graphs load meanwhile


@dataclass(frozen=True)
class EndToEnd:
    """Milliseconds; medians where not said otherwise."""

    preview_ms_median: float  # from a slider's movement to the pixels at the client, `SHOWN` of them each way
    preview_ms_p95: float
    preview_sub_generator: str
    frames_per_second: int  # of previews: 60 where the machine can, else 30
    transport_ms: float  # of a preview: what the backend did not spend on it
    final_ms: float  # the whole face at full quality, at the client
    final_in_process_ms: float  # the same without a backend
    hello_ms: float  # from the start of the process, once
    open_region_ms: float  # to the faces
    backend_peak_mb: float  # megabytes


def end_to_end(model: str) -> EndToEnd:
    """Measures with the generator of this name. Raises AnycostError when the backend refuses or does not answer."""
    models = Models(model)
    latent = models.renderer.sample(1, 0.7)
    photo = cv2.resize(models.renderer.render8(latent), (SIDE, SIDE))
    region = Region(Layer(photo), None, models, ByteLRUCache(_CACHE_BYTES))
    if not region.numbers:
        raise AnycostError("no face was found in a drawn picture", "run 'anycost models verify'")
    corners = region.session.faces[region.numbers[0]].square.corners()
    region.adopt(corners, latent)
    region.final({0: {"smile": 0.5}}, lambda: None)  # the first loads models
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o700)
        file = Path(folder) / connection_file.default_path().name
        backend = Backend("anycost bench", python=Path(sys.executable), connection_file=file)
        try:
            started = time.perf_counter()
            channel, welcome = backend.connect()
            hello = _milliseconds_since(started)
            try:
                points = tuple((float(x), float(y)) for x, y in corners)
                values = as_picture(np.ascontiguousarray(latent[:, :, None]))
                known = m.KnownFace((points[0], points[1], points[2], points[3]), welcome.model_hash, values)
                return _measure(_Client(channel), hello, region, as_picture(photo), known)
            finally:
                channel.close()
        except ClientError as error:
            raise AnycostError(error.cause, error.remedy) from error
        finally:
            backend.stop()


def _measure(client: "_Client", hello: float, region: Region, photo: m.Picture, known: m.KnownFace) -> EndToEnd:
    """hello: milliseconds; region: the photo opened in this process. Raises AnycostError as `_Client.ask`."""
    client.ask(m.OpenRegion(image=photo, known=(known,)))  # the first loads models
    times = []
    for _ in range(3):
        started = time.perf_counter()
        opened: m.RegionOpened = client.ask(m.OpenRegion(image=photo, known=(known,)))
        times.append(_milliseconds_since(started))
    open_region = statistics.median(times)

    def edit(strength: float, quality: m.Quality) -> m.Edit:
        face = m.FaceEdit(0, {"smile": strength})
        return m.Edit(session=opened.session, faces=(face,), quality=quality, max_side=SHOWN)

    client.idle(_PAUSE)
    client.ask(edit(0.5, "preview"))
    latencies, transport = [], []
    for number in range(PREVIEWS):
        started = time.perf_counter()
        edited: m.Edited = client.ask(edit((number + 1) / PREVIEWS, "preview"))
        latencies.append(_milliseconds_since(started))
        transport.append(latencies[-1] - edited.milliseconds)
    sub_generator = f"{edited.resolution} px × {edited.channels}"
    in_process, finals = [], []
    for number in range(FINALS + 1):  # the first warms up
        strengths = {"smile": 0.5 + 0.05 * number}
        started = time.perf_counter()
        region.final({0: strengths}, lambda: None)
        in_process.append(_milliseconds_since(started))
        started = time.perf_counter()
        client.ask(edit(strengths["smile"], "final"))
        finals.append(_milliseconds_since(started))
    status: m.StatusReport = client.ask(m.Status())
    return EndToEnd(
        preview_ms_median=statistics.median(latencies),
        preview_ms_p95=statistics.quantiles(latencies, n=20)[-1],
        preview_sub_generator=sub_generator,
        frames_per_second=status.frames_per_second,
        transport_ms=statistics.median(transport),
        final_ms=statistics.median(finals[1:]),
        final_in_process_ms=statistics.median(in_process[1:]),
        hello_ms=hello,
        open_region_ms=open_region,
        backend_peak_mb=status.peak_megabytes,
    )


class _Client:
    """Sends one request at a time and pings meanwhile."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def idle(self, seconds: float) -> None:
        """Only pings."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.channel.send(m.Ping())
            self.channel.poll(0.5)

    def ask(self, request: m.Request) -> Any:
        """The first reply that is no progress. Raises AnycostError for a failure, and when no reply comes."""
        self.channel.send(request)
        deadline, pinged = time.monotonic() + _TIMEOUT, time.monotonic()
        while time.monotonic() < deadline:
            for reply in self.channel.poll(0.2):
                if isinstance(reply, m.Failed):
                    raise AnycostError(reply.cause, reply.remedy)
                if reply.id == request.id and not isinstance(reply, m.Progress):
                    return reply
            if time.monotonic() > pinged + 1:
                pinged = time.monotonic()
                self.channel.send(m.Ping())
        raise AnycostError(f"the backend does not answer within {_TIMEOUT:g} s", "see its log")


def _milliseconds_since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)
