"""All attributes in their groups, with a search field: the part of the dialog that scrolls."""

from collections.abc import Iterable

from anycost_client.edit.favourites import ROWS, Favourites, ListedRows
from anycost_client.edit.sliders import Sliders
from anycost_client.protocol.messages import Attribute
from gi.repository import GLib, Gtk

from anycost_gimp.image.text import attribute_labels, tr
from anycost_gimp.widgets.attribute_row import AttributeRow, Changed, Locked


class AttributeList(Gtk.Box):
    def __init__(self, on_change: Changed, on_lock: Locked, favourites: Favourites) -> None:
        super().__init__(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self.rows: dict[str, AttributeRow] = {}
        self._groups: dict[str, tuple[Gtk.Expander, list[AttributeRow]]] = {}
        self._on_change, self._on_lock = on_change, on_lock
        self._favourites, self._listed = favourites, ListedRows()
        self._sliders: Sliders | None = None  # that were shown last
        self.top = Gtk.Box(spacing=2)  # beside the search field
        self.search = Gtk.SearchEntry(placeholder_text=tr("Search attributes"))
        self.search.connect("search-changed", self._filter)
        self.search.set_width_chars(8)
        self.top.pack_start(self.search, True, True, 0)
        self.listed = Gtk.ComboBoxText()
        for rows, text in ROWS.items():
            self.listed.append(rows, tr(text))
        self.listed.set_active_id("all")
        self.listed.set_tooltip_text(tr("Which sliders are listed"))
        self.listed.connect("changed", self._choose_rows)
        self.top.pack_start(self.listed, False, False, 0)
        self._none = Gtk.Label(no_show_all=True, wrap=True)
        self._column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin_end=10)
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, overlay_scrolling=False)
        scrolled.add(self._column)
        scrolled.set_min_content_height(160)
        self.pack_start(self.top, False, False, 0)
        self.pack_start(self._none, False, False, 0)
        self.pack_start(scrolled, True, True, 0)

    def offer(self, attributes: Iterable[Attribute]) -> None:
        """Builds the rows; nothing when they are the same as before."""
        attributes = tuple(attributes)
        if [row.attribute for row in self.rows.values()] == list(attributes):
            return
        for child in self._column.get_children():
            child.destroy()
        self.rows.clear()
        self._groups.clear()
        names = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        for attribute in attributes:
            if attribute.group not in self._groups:
                self._groups[attribute.group] = self._group(attribute)
            row = AttributeRow(
                attribute,
                self._on_change,
                self._on_lock,
                names,
                self._favourites.set,
                attribute.name in self._favourites.names,
            )
            expander, rows = self._groups[attribute.group]
            expander.get_child().pack_start(row, False, False, 0)
            rows.append(row)
            self.rows[attribute.name] = row
        self._column.show_all()
        self._filter()

    def show_values(self, sliders: Sliders) -> None:
        self._sliders = sliders
        for name, row in self.rows.items():
            shows, reach = sliders.shows(name), sliders.reach(name)
            row.show_strength(sliders.value(name), sliders.mixed(name), name in sliders.locked, shows, reach)
            row.set_sensitive(bool(sliders.selected))
        for expander, rows in self._groups.values():
            changes = sum(bool(sliders.value(row.attribute.name)) for row in rows)
            title = attribute_labels.group(rows[0].attribute) + (f" · {changes}" if changes else "")
            expander.get_label_widget().set_markup(f"<b>{GLib.markup_escape_text(title)}</b>")
        if self._listed.chosen == "changed":
            self._filter()

    def _choose_rows(self, listed: Gtk.ComboBoxText) -> None:
        self._listed.choose(listed.get_active_id())
        self._filter()

    def _group(self, attribute: Attribute) -> tuple[Gtk.Expander, list[AttributeRow]]:
        title = GLib.markup_escape_text(attribute_labels.group(attribute))
        expander = Gtk.Expander(label=f"<b>{title}</b>", use_markup=True, expanded=True)
        box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=0, margin_start=12)
        expander.add(box)
        self._column.pack_start(expander, False, False, 0)
        return expander, []

    def _filter(self, *_: object) -> None:
        texts = {name: row.search_text for name, row in self.rows.items()}
        listed = self._listed.fitting(self.search.get_text(), texts, self._sliders, self._favourites)
        for expander, rows in self._groups.values():
            fitting = [row for row in rows if row.attribute.name in listed.names]
            for row in rows:
                row.set_visible(row in fitting)
            expander.set_visible(bool(fitting))
            if listed.unfolded:
                expander.set_expanded(True)
        self._none.set_text(tr(listed.none_found))
        self._none.set_visible(bool(listed.none_found))
