"""The one line of Krita's kritarc that switches the plug-in on; all else in it stays as it is."""

from pathlib import Path

from anycost_installer.core.errors import InstallError

SETTING = "enable_anycost_krita"
GROUP = "[AnycostFaceEditor]"  # what the plug-in itself remembers


def read(settings: Path) -> str:
    try:
        return settings.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise InstallError(
            f"{settings} is damaged", "rename it, start Krita once, then run the same command again"
        ) from None


def chosen(settings: str) -> bool | None:
    """Whether the plug-in is switched on; None where nothing is said."""
    values = [line.partition("=")[2].strip() for line in settings.splitlines() if _key(line) == SETTING]
    return values[-1].lower() == "true" if values else None


def enabled(settings: str) -> str:
    """With the plug-in switched on."""
    lines = disabled(settings).splitlines()
    if "[python]" in lines:
        lines.insert(lines.index("[python]") + 1, f"{SETTING}=true")
    else:
        lines += [*([""] if lines else []), "[python]", f"{SETTING}=true"]
    return "\n".join(lines) + "\n"


def disabled(settings: str) -> str:
    """With nothing said about it."""
    kept = [line for line in settings.splitlines() if _key(line) != SETTING]
    for at in [number for number, line in enumerate(kept) if line == "[python]"]:
        rest = [line for line in kept[at + 1 : at + 2] if line.strip()]
        if not rest or rest[0].startswith("["):  # the group was ours alone
            _cut(kept, at, at + 1)
            break
    return "\n".join(kept) + ("\n" if kept else "")


def cleared(settings: str) -> str:
    """With nothing of ours in it."""
    lines = disabled(settings).splitlines()
    while GROUP in lines:
        at = end = lines.index(GROUP)
        end += 1
        while end < len(lines) and not lines[end].startswith("["):
            end += 1
        while end > at + 1 and not lines[end - 1].strip():  # the empty line before the next group stays
            end -= 1
        _cut(lines, at, end)
    return "\n".join(lines) + ("\n" if lines else "")


def _cut(lines: list[str], at: int, end: int) -> None:
    """Takes out a group, with the empty lines before it."""
    while at and not lines[at - 1].strip():
        at -= 1
    del lines[at:end]


def _key(line: str) -> str:
    return line.partition("=")[0].strip()
