"""Edits kritarc: the line that enables the plug-in. Everything else in the file stays."""

from pathlib import Path

from anycost_installer.core.errors import InstallError

SETTING = "enable_anycost_krita"
PLUGIN_GROUP = "[AnycostFaceEditor]"  # the plug-in's own settings


def read_settings(settings: Path) -> str:
    """The text, "" when there is no file. Raises InstallError for one that is not UTF-8."""
    try:
        return settings.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise InstallError(
            f"{settings} is damaged", "rename it, start Krita once, then run the same command again"
        ) from None


def is_enabled(settings: str) -> bool | None:
    """Whether the plug-in is enabled; None when there is no line."""
    values = [line.partition("=")[2].strip() for line in settings.splitlines() if _key(line) == SETTING]
    return values[-1].lower() == "true" if values else None


def with_plugin_enabled(settings: str) -> str:
    """The settings with the plug-in enabled."""
    lines = without_setting(settings).splitlines()
    if "[python]" in lines:
        lines.insert(lines.index("[python]") + 1, f"{SETTING}=true")
    else:
        lines += [*([""] if lines else []), "[python]", f"{SETTING}=true"]
    return "\n".join(lines) + "\n"


def without_setting(settings: str) -> str:
    """The settings without the line."""
    kept = [line for line in settings.splitlines() if _key(line) != SETTING]
    for at in [number for number, line in enumerate(kept) if line == "[python]"]:
        rest = [line for line in kept[at + 1 : at + 2] if line.strip()]
        if not rest or rest[0].startswith("["):  # the group has no other line
            _cut(kept, at, at + 1)
            break
    return "\n".join(kept) + ("\n" if kept else "")


def without_plugin(settings: str) -> str:
    """The settings without the line and without the plug-in's own group."""
    lines = without_setting(settings).splitlines()
    while PLUGIN_GROUP in lines:
        at = end = lines.index(PLUGIN_GROUP)
        end += 1
        while end < len(lines) and not lines[end].startswith("["):
            end += 1
        while end > at + 1 and not lines[end - 1].strip():  # keep the empty line before the next group
            end -= 1
        _cut(lines, at, end)
    return "\n".join(lines) + ("\n" if lines else "")


def _cut(lines: list[str], at: int, end: int) -> None:
    """Deletes a group and the empty lines before it."""
    while at and not lines[at - 1].strip():
        at -= 1
    del lines[at:end]


def _key(line: str) -> str:
    return line.partition("=")[0].strip()
