"""`anycost bench`: times of each sub-generator on this machine, and of an edit end to end."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from anycost_backend.cli import options

if TYPE_CHECKING:
    from anycost_models.previews.latency_table import LatencyTable

    from anycost_backend.cli.bench_end_to_end import EndToEnd

SHOWN = 256  # pixels at which sub-generators are compared


def add(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "bench",
        help="measure this machine",
        description="Times each sub-generator that is worth using, says which one draws previews, and measures an edit"
        " end to end: with a backend process, as an editor has it. What was measured is remembered for previews.",
        epilog="example: anycost bench --quick --plot times.png",
    )
    parser.add_argument("--quick", action="store_true", help="the sub-generators alone")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw time against quality, as a PNG or JPEG")
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from anycost_models.previews.latency_table import measure

    from anycost_backend.editing.models import Models

    options.check_sheet(args.plot)
    graphs = Models(args.model).renderer.graphs
    is_terminal = sys.stderr.isatty()
    table = measure(
        graphs, on_row=lambda row: print(f"{row.sub}: {row.ms:.1f} ms", file=sys.stderr) if is_terminal else None
    )
    if args.plot:
        from anycost_models.plotting.contact_sheet import save_image
        from anycost_models.previews.latency_chart import latency_chart

        save_image(args.plot, latency_chart(table, SHOWN))
    measured = None
    if not args.quick:
        from anycost_backend.cli.bench_end_to_end import end_to_end

        measured = end_to_end(args.model)
    print(_json(table, measured) if args.json else _text(table, measured))
    return 0


def _json(table: "LatencyTable", measured: "EndToEnd | None") -> str:
    subs = [{"resolution": row.resolution, "channels": row.channels, "ms": round(row.ms, 2)} for row in table.rows]
    return msgspec.json.encode(
        {
            "cpu": table.cpu,
            "runtime": table.runtime,
            "sub_generators": subs,
            **({name: _rounded(value) for name, value in vars(measured).items()} if measured else {}),
        }
    ).decode()


def _rounded(value: object) -> object:
    return round(value, 1) if isinstance(value, float) else value


def _text(table: "LatencyTable", measured: "EndToEnd | None") -> str:
    from anycost_backend.previews.preview_ladder import FrameBudget

    frames = FrameBudget(table)
    chosen = frames.choose(SHOWN)
    lines = [f"{table.cpu}, {table.runtime}", "", f"{'sub-generator':36} {'ms':>8} {'distance':>9}"]
    for row in table.rows:
        mark = f"   draws previews, {frames.frames_per_second} a second" if row.sub == chosen else ""
        lines.append(f"{row.sub!s:36} {row.ms:8.1f} {table.distance(row.sub, SHOWN):9.3f}{mark}")
    if measured:
        lines += [
            "",
            f"slider to preview   {measured.preview_ms_median:8.1f} ms, 95 % within {measured.preview_ms_p95:.1f} ms"
            f" ({measured.preview_sub_generator}, {measured.frames_per_second} a second);"
            f" transport {measured.transport_ms:.1f} ms",
            f"full quality        {measured.final_ms:8.1f} ms, in process {measured.final_in_process_ms:.1f} ms",
            f"start to hello      {measured.hello_ms:8.1f} ms",
            f"opening a region    {measured.open_region_ms:8.1f} ms",
            f"memory, at most     {measured.backend_peak_mb:8.0f} MB",
        ]
    return "\n".join(lines)
