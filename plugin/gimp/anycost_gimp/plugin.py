"""The plug-in's procedure in GIMP: with a dialog, with the last values, or called by a script."""

import sys
from typing import Any

from anycost_client.backend.backend_process import Backend
from anycost_client.core.errors import ClientError
from gi.repository import Gimp, GLib, GObject

from anycost_gimp.dialog.one_dialog import OneDialog
from anycost_gimp.edit.arguments import strengths
from anycost_gimp.edit.backend_link import QueueLink
from anycost_gimp.edit.noninteractive import render_layers, write
from anycost_gimp.image import preview_layer
from anycost_gimp.image.layer import Layer
from anycost_gimp.image.read_layers import layers_of
from anycost_gimp.image.text import tr

PROCEDURE = "anycost-edit-face"


class Plugin(Gimp.PlugIn):
    def do_query_procedures(self) -> list[str]:
        return [PROCEDURE]

    def do_set_i18n(self, name: str) -> bool:
        return False  # the texts come translated (text.py)

    def do_create_procedure(self, name: str) -> Any:
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.edit_face, None)
        procedure.set_image_types("*")  # also indexed ones: the refusal says what helps, a grey menu entry does not
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES)
        procedure.set_menu_label(tr("Edit _Face…"))
        procedure.add_menu_path("<Image>/Filters/" + tr("Face"))
        procedure.set_documentation(
            tr("Changes expression, age and more of the faces in a layer"),
            "Adds a layer with the changed faces above each selected layer, on this computer alone."
            " strengths: attributes and how far to move them, -2 to 2, where 1 is strong: smile=0.8, age=-0.4."
            " faces: all, or numbers such as 1, 3; 1 is the largest.",
            name,
        )
        procedure.set_attribution("The Anycost Face Editor developers", "MIT licence", "2026")
        write = GObject.ParamFlags.READWRITE
        procedure.add_string_argument(
            "strengths", tr("_Strengths"), tr("Such as smile=0.8, age=-0.4; -2 to 2"), "", write
        )
        procedure.add_string_argument(
            "faces", tr("_Faces"), tr("all, or numbers such as 1, 3; 1 is the largest"), "all", write
        )
        return procedure

    def edit_face(self, procedure: Any, run_mode: Any, image: Any, drawables: Any, config: Any, data: Any) -> Any:
        status, error = Gimp.PDBStatusType.EXECUTION_ERROR, ""
        link = QueueLink(Backend(f"GIMP {Gimp.version()}"))
        try:
            layers = [Layer.of(item) for item in layers_of(image, drawables)]
            if run_mode == Gimp.RunMode.INTERACTIVE:
                from anycost_gimp.dialog.interactive import edit_with_dialog

                agreed = edit_with_dialog(link, image, layers, config)
                status = Gimp.PDBStatusType.SUCCESS if agreed else Gimp.PDBStatusType.CANCEL
            else:
                if not OneDialog(image).is_open():  # its preview stays
                    preview_layer.sweep(image)
                wanted, faces = strengths(config.get_property("strengths") or ""), config.get_property("faces")
                Gimp.progress_init(tr("Editing faces"))
                write(image, render_layers(link, image, layers, wanted, faces or "all"))
                status = Gimp.PDBStatusType.SUCCESS
        except ClientError as refused:
            error = str(refused)
        finally:
            link.close()
        return procedure.new_return_values(status, GLib.Error(error) if error else None)


def run() -> None:
    Gimp.main(Plugin.__gtype__, sys.argv)
