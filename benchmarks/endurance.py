"""Three clients at work on one backend for an hour: does it stay as quick, and as small, as it was?

    python benchmarks/endurance.py [--minutes 60]

One drags sliders and applies, one opens and closes regions and looks around, one refines, matches and measures faces.
Prints what was asked and how long replies took, then memory, descriptors and threads of the backend (Linux) and the
delay of previews in the first and the last tenth. Exit code 1 when a request failed, or nobody answered it.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
import skimage.data
from anycost_client.protocol import messages as m
from anycost_client.protocol.codec import kind_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "backend"))
from serving import Backend, Client  # type: ignore[import-not-found]

ASTRONAUT = skimage.data.astronaut()
ATTRIBUTES = ("smile", "age", "glasses", "hair_length")
PREVIEWS = 20  # edits a second while a slider moves
REST = 5  # seconds in which the artist looks at the result
PATIENCE = 300  # seconds in which everything must be answered
SAMPLES = 60  # looks at the process in the whole time


@dataclass
class Load:
    """What the clients saw. For any thread."""

    until: float  # monotonic seconds
    milliseconds: dict[str, list[float]] = field(default_factory=dict)  # kind of request → of each reply
    drags: list[tuple[float, float]] = field(default_factory=list)  # monotonic seconds, milliseconds until the preview
    failures: Counter[str] = field(default_factory=Counter)

    def over(self) -> bool:
        return time.monotonic() > self.until

    def ask(self, client: Client, request: m.Request, name: str = "") -> Any:
        """The reply; what fails is counted."""
        name, asked = name or kind_of(type(request)), time.monotonic()
        try:
            reply = client.ask(request, timeout=PATIENCE)
        except TimeoutError:
            self.failures[f"{name}: no answer"] += 1
            return None
        self.milliseconds.setdefault(name, []).append(1e3 * (time.monotonic() - asked))
        if isinstance(reply, m.Failed):
            self.failures[f"{name}: {reply.cause}"] += 1
        return reply


def smile(session: str, number: int, **options: Any) -> m.Edit:
    strengths = {ATTRIBUTES[number // 100 % len(ATTRIBUTES)]: (number % 100 - 50) / 50}
    return m.Edit(session=session, faces=(m.FaceEdit(0, strengths),), sequence=number, **options)


def drag_and_apply(load: Load, client: Client) -> None:
    """Moves a slider for five seconds, rests, applies."""
    opened = client.open(ASTRONAUT)
    number = 0
    while not load.over():
        sent: list[tuple[m.Edit, float]] = []
        until = time.monotonic() + 5
        while time.monotonic() < until:
            number += 1
            sent.append((smile(opened.session, number), time.monotonic()))
            client.send(sent[-1][0])
            following = sent[-1][1] + 1 / PREVIEWS
            while (left := following - time.monotonic()) > 0:
                client.look(left)
            _take_previews(load, client, sent)
        _take_previews(load, client, sent, wait=True)
        load.ask(client, smile(opened.session, number, quality="final"), "edit, final")
        rested = time.monotonic() + REST
        while time.monotonic() < rested:
            client.look()
        client.replies.clear()
    load.ask(client, m.Close(session=opened.session))


def _take_previews(load: Load, client: Client, sent: list[tuple[m.Edit, float]], wait: bool = False) -> None:
    """Counts what was answered, and how old it is. `Client.look` came by a moment ago."""
    for request, when in list(sent):
        replies = client.replies.get(request.id, [])
        try:
            reply = replies.pop(0) if replies else client.reply(request.id, timeout=PATIENCE) if wait else None
        except TimeoutError:
            load.failures["edit: no answer"] += 1
            continue
        if isinstance(reply, m.Failed):
            load.failures[f"edit: {reply.cause}"] += 1
        elif reply is not None:
            name = "edit" if isinstance(reply, m.Edited) else "edit, superseded"
            load.milliseconds.setdefault(name, []).append(1e3 * (time.monotonic() - when))
            if isinstance(reply, m.Edited):
                load.drags.append((when, load.milliseconds[name][-1]))
        if reply is not None:
            sent.remove((request, when))


def open_and_look(load: Load, client: Client) -> None:
    """Regions of several sizes; small pictures, samples, lists."""
    number = 0
    while not load.over():
        number += 1
        margin = 8 * (number % 5)
        opened = client.open(np.ascontiguousarray(ASTRONAUT[: 400 - margin, margin:]))
        load.ask(client, m.Attributes())
        load.ask(client, smile(opened.session, number), "edit of a new region")
        edits = tuple(m.FaceEdit(0, {name: 0.7}) for name in ATTRIBUTES)
        load.ask(client, m.Sketch(session=opened.session, edits=edits))
        load.ask(client, m.ReadLatent(session=opened.session, face=0))
        load.ask(client, m.RenderSample(seed=number))
        load.ask(client, m.Status())
        load.ask(client, m.Close(session=opened.session))
        client.look(1)
        client.replies.clear()


def refine_and_match(load: Load, client: Client) -> None:
    """What takes seconds, and is put off for the others."""
    while not load.over():
        opened = client.open(np.ascontiguousarray(ASTRONAUT[:, ::-1]))
        load.ask(client, m.Refine(session=opened.session, face=0, budget=3))
        source = m.SessionFace(opened.session, 0)
        load.ask(client, m.MatchFace(session=opened.session, face=0, what="expression", source=source))
        load.ask(client, m.ReadHandles(session=opened.session, face=0))
        request = m.Refine(session=opened.session, face=0, budget=60)
        client.send(request)
        client.look(2)
        load.ask(client, m.Cancel(what=request.id))
        load.ask(client, m.Close(session=opened.session))
        client.replies.clear()


def work(job: Callable[[Load, Client], None], load: Load, file: Path) -> None:
    """One client from its hello to its leave."""
    client = Client(file, job.__name__)
    try:
        job(load, client)
        client.ask(m.Leave())
    except Exception as error:
        load.failures[f"{job.__name__}: {error!r}"] += 1
    finally:
        client.channel.close()


def looks(process: psutil.Process) -> tuple[float, int, int]:
    """Megabytes, descriptors, threads."""
    return process.memory_info().rss / 1e6, process.num_fds(), process.num_threads()


def table(load: Load, seen: list[tuple[float, int, int]]) -> str:
    rows = [f"{'request':24}{'replies':>9}{'median ms':>11}{'p95 ms':>9}"]
    for name, times in sorted(load.milliseconds.items()):
        p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        rows.append(f"{name:24}{len(times):9}{statistics.median(times):11.1f}{p95:9.1f}")
    tenth = max(len(seen) // 10, 1)
    rows.append(f"\n{'':24}{'at first':>9}{'at last':>11}{'most':>9}")
    for at, name in enumerate(("megabytes", "descriptors", "threads")):
        column = [look[at] for look in seen]
        first, last = statistics.median(column[:tenth]), statistics.median(column[-tenth:])
        rows.append(f"{name:24}{first:9.0f}{last:11.0f}{max(column):9.0f}")
    delays = [delay for _, delay in sorted(load.drags)]
    if len(delays) > 20:
        tenth = len(delays) // 10
        first, last = statistics.median(delays[:tenth]), statistics.median(delays[-tenth:])
        rows.append(f"{'delay of previews, ms':24}{first:9.1f}{last:11.1f}{max(delays):9.1f}")
    rows.append(f"\nfailures: {sum(load.failures.values())}")
    rows += [f"{count:9} × {what}" for what, count in load.failures.most_common()]
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        backend = Backend(Path(folder) / "run", "--patience", "60").started()
        try:
            keeper = Client(backend.file, "keeper")  # graphs exported, models loaded, the face projected: not counted
            opened = keeper.open(ASTRONAUT)
            keeper.ask(smile(opened.session, 1, quality="final"), timeout=600)
            keeper.ask(m.Close(session=opened.session))
            load = Load(time.monotonic() + 60 * args.minutes)
            jobs = (drag_and_apply, open_and_look, refine_and_match)
            clients = [threading.Thread(target=work, args=(job, load, backend.file)) for job in jobs]
            for thread in clients:
                thread.start()
            process, seen = psutil.Process(backend.process.pid), []
            while any(thread.is_alive() for thread in clients) and backend.process.poll() is None:
                seen.append(looks(process))
                until = time.monotonic() + 60 * args.minutes / SAMPLES
                while time.monotonic() < until and any(thread.is_alive() for thread in clients):
                    keeper.look(0.2)
            for thread in clients:
                thread.join()
            if backend.process.poll() is not None:
                load.failures[f"the backend ended: {backend.log.read_text()[-500:]}"] += 1
        finally:
            backend.kill()
    print(table(load, seen))
    return 1 if load.failures else 0


if __name__ == "__main__":
    sys.exit(main())
