"""What training and measuring need and editing goes without: torch, and what exports its networks."""

import importlib.metadata
import importlib.util
import re
import sys

from anycost_models.core.errors import AnycostError

PACKAGES = ("torch", "onnx")  # of the extra "train"


def require_torch(what: str) -> None:
    """what: needs it, such as "'anycost train'". Raises AnycostError when it is not installed."""
    if not torch_is_installed():
        raise AnycostError(f"{what} needs torch, which is not installed", f"run '{install_command()}'")


def torch_is_installed() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


def install_command() -> str:
    """What installs it beside this program."""
    return f"{sys.executable} -m pip install {' '.join(_pins())}"


def _pins() -> list[str]:
    """ "torch==2.13.0" …, as this program's package asks for them."""
    try:
        wanted = importlib.metadata.requires("anycost-face-editor") or []
    except importlib.metadata.PackageNotFoundError:
        wanted = []
    pins = [re.split(r"\s*;", each)[0] for each in wanted if re.match(rf"({'|'.join(PACKAGES)})==", each)]
    return pins or list(PACKAGES)
