"""Where pip finds each build of torch, which is for developers: editing goes without."""

from dataclasses import dataclass

CPU_INDEX = "https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class TorchSource:
    arguments: tuple[str, ...]  # for `pip install`
    title: str
    large: bool = False  # brings several GB of GPU libraries
    remote: bool = False  # PyTorch's own index


def torch_sources(version: str, build: str, system: str) -> list[TorchSource]:
    """The sources of a build, in the order to try them.

    `build`: "cpu" or "default"; `system`: as in platform.system() ("Linux", "Darwin", "Windows"). On Linux, PyPI has
    the GPU build under the plain version; elsewhere it has the CPU build.
    """
    plain = f"torch=={version}"
    if system != "Linux":
        return [TorchSource((plain,), plain)]
    if build == "default":
        return [TorchSource((plain,), plain, large=True)]
    cpu = f"torch=={version}+cpu"
    return [
        TorchSource((cpu,), f"{cpu} from pip's own indexes"),
        # Few retries: where this index is blocked, the next source should be tried soon.
        TorchSource(
            (cpu, "--index-url", CPU_INDEX, "--retries", "2", "--timeout", "30"), f"{cpu} from {CPU_INDEX}", remote=True
        ),
        TorchSource((plain,), plain, large=True),
    ]
