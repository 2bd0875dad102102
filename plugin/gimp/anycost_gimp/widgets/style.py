"""Colours of the dialog's own: they follow the theme's text colour, so that they show on dark and on light ones."""

from gi.repository import Gdk, Gtk

CHANGED = "anycost-changed"  # class of a row whose slider is not at zero
_SCALE = "anycost-scale"
_CSS = f"""
.{_SCALE} slider {{
    background-image: none;
    background-color: mix(currentColor, #808080, 0.3);
    border: 1px solid alpha(#000000, 0.5);
    border-radius: 9px;
    box-shadow: none;
    min-width: 14px;
    min-height: 14px;
    margin: -7px;
    padding: 0;
}}
.{_SCALE} slider:hover {{ background-color: currentColor; }}
.{_SCALE} slider:disabled {{ background-color: alpha(currentColor, 0.35); }}
.{_SCALE} trough {{ background-color: alpha(currentColor, 0.3); }}
.{CHANGED} label {{ font-weight: bold; }}
.{CHANGED} entry {{ color: mix(#3584e4, currentColor, 0.35); }}
.{CHANGED} .{_SCALE} slider, .{CHANGED} .{_SCALE} slider:hover {{ background-color: #3584e4; }}
"""


def use_style(screen: Gdk.Screen) -> None:
    provider = Gtk.CssProvider()
    provider.load_from_data(_CSS.encode())
    Gtk.StyleContext.add_provider_for_screen(screen, provider, Gtk.STYLE_PROVIDER_PRIORITY_USER)


def styled(scale: Gtk.Scale) -> Gtk.Scale:
    scale.get_style_context().add_class(_SCALE)
    return scale


def mark_changed(row: Gtk.Widget, changed: bool) -> None:
    style = row.get_style_context()
    (style.add_class if changed else style.remove_class)(CHANGED)
