"""One line of kritarc enables the plug-in; everything else in it stays."""

import pytest
from anycost_installer.hosts import kritarc


@pytest.mark.parametrize(
    "settings",
    ["", "[General]\na=1\n", "[python]\nenable_other=true\n", "[python]\n\n[Zoom]\nz=1\n", "[a]\n[python]\nx=1\n[b]\n"],
)
def test_krita_s_settings_are_otherwise_kept(settings: str) -> None:
    on = kritarc.with_plugin_enabled(settings)
    assert on.count("[python]\nenable_anycost_krita=true\n") == 1
    assert kritarc.with_plugin_enabled(on) == on
    assert kritarc.is_enabled(on) is True
    kept = [line for line in settings.splitlines() if line and line != "[python]"]
    assert [line for line in on.splitlines() if line in kept] == kept
    used = on + "\n[AnycostFaceEditor]\nsize=3\n\n[Zz]\nq=1\n"  # as the plug-in leaves it
    off = kritarc.without_plugin(used)
    assert "nycost" not in off
    assert [line for line in off.splitlines() if line and line != "[python]"] == [*kept, "[Zz]", "q=1"]
