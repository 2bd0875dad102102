"""GIMP's progress bar, for edits without a dialog."""

from gi.repository import Gimp


def show_progress(text: str, fraction: float) -> None:
    """0…1; below 0: nobody knows how far it is."""
    Gimp.progress_set_text(text)
    if fraction < 0:
        Gimp.progress_pulse()
    else:
        Gimp.progress_update(fraction)
