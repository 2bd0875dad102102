# What every script in GIMP begins with. FOLDER is replaced by its work folder.
import json
import os
import traceback

import gi

gi.require_version("Gegl", "0.4")
from gi.repository import Gegl, Gimp  # noqa: E402

work = "FOLDER"
answer = {}


def finish():
    with open(work + "/answer.json.part", "w") as file:
        json.dump(answer, file)
    os.replace(work + "/answer.json.part", work + "/answer.json")


def call(image, drawables, strengths="", faces="all", mode=None):
    """Status and error text of our procedure."""
    procedure = Gimp.get_pdb().lookup_procedure("anycost-edit-face")
    config = procedure.create_config()
    config.set_property("run-mode", Gimp.RunMode.NONINTERACTIVE if mode is None else mode)
    config.set_property("image", image)
    config.set_core_object_array("drawables", drawables)
    if mode != Gimp.RunMode.WITH_LAST_VALS:
        config.set_property("strengths", strengths)
        config.set_property("faces", faces)
    result = procedure.run(config)
    status = result.index(0)
    return [
        status.value_nick,
        str(result.index(1)) if status != Gimp.PDBStatusType.SUCCESS and result.length() > 1 else "",
    ]


def load(name):
    from gi.repository import Gio

    return Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, Gio.File.new_for_path(work + "/" + name))


def keep(layer, name, format):
    """The pixels of a layer, as a file; its size and place as an answer."""
    width, height = layer.get_width(), layer.get_height()
    data = layer.get_buffer().get(Gegl.Rectangle.new(0, 0, width, height), 1.0, format, Gegl.AbyssPolicy.NONE)
    with open(work + "/" + name, "wb") as file:
        file.write(bytes(data))
    _, x, y = layer.get_offsets()
    return {"name": layer.get_name(), "x": x, "y": y, "width": width, "height": height}


def attempt(body):
    try:
        body()
    except BaseException:
        answer["error"] = traceback.format_exc()
