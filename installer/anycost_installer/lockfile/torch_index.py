"""Chooses where the wanted build of torch comes from, as pip arguments in the order to try."""

from dataclasses import dataclass

CPU_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class Source:
    arguments: tuple[str, ...]  # for `pip install`
    title: str
    large: bool = False  # several GB of GPU libraries come along
    remote: bool = False  # lies on an index of its own


def sources(version: str, build: str, system: str) -> list[Source]:
    """`build`: "cpu" or "default"; `system`: as `platform.system()` says it ("Linux", "Darwin", "Windows").

    On Linux the package index carries the GPU build under the plain version, elsewhere the CPU build.
    """
    plain = f"torch=={version}"
    if system != "Linux":
        return [Source((plain,), plain)]
    if build == "default":
        return [Source((plain,), plain, large=True)]
    cpu = f"torch=={version}+cpu"
    return [
        Source((cpu,), f"{cpu} from pip's own indexes"),
        # Few retries: where this index is blocked, the answer should not take minutes.
        Source(
            (cpu, "--index-url", CPU_INDEX, "--retries", "2", "--timeout", "30"), f"{cpu} from {CPU_INDEX}", remote=True
        ),
        Source((plain,), plain, large=True),
    ]
