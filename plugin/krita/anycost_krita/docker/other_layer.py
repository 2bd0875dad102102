"""What is said above an edit while another layer is the active one."""

from anycost_client.edit.page_texts import Message

from anycost_krita.base.text import tr
from anycost_krita.document.host_interface import Layer
from anycost_krita.edit.controller import Controller


def other_layer_message(controller: Controller) -> Message:
    """Names documents too, where they differ. An empty text: there is nothing to say."""
    other, source = controller.other_layer, controller.source
    if other is None or source is None:
        return Message("canvas", "")
    host = controller.host
    here, there = host.document_of(source.layer), host.document_of(other)
    differ = here != there

    def called(layer: Layer, document: str) -> str:
        return tr("{layer} ({document})", layer=layer.name, document=document) if differ else layer.name

    name = called(other, there)
    if controller.unsaved:
        edited = called(source.layer, here)
        text = tr("“{name}” is active. What you changed on “{edited}” is not applied yet.", name=name, edited=edited)
        return Message("canvas", text, tr("Drop that, edit this"))
    return Message("canvas", tr("“{name}” is active, and another layer is edited here.", name=name), tr("Edit it"))
