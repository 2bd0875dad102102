"""The client side of the Anycost Face Editor, for any host: standard library and pyzmq only.

`protocol` has the messages (docs/protocol.md), `backend` a thread that exchanges them, `edit` the edit in progress.
A host implements `edit.host` and uses an `edit.controller`; without one:

    worker = Worker(signal.emit, Backend("Krita 5.2.9"))    # events come in the worker's thread …
    editor = Editor(worker.send)
    signal.connect(editor.handle)                           # … and are handled in the GUI's
    editor.watch(refresh)                                   # refresh("preview"): draw editor.preview over editor.before
    worker.start()
    editor.open(OpenRegion(image=Picture.packed(width, height, 4, pixels, "16"), order="bgr"))
    editor.sliders.set("smile", 0.8, done=False)            # while dragging; done=True when the mouse is released
    editor.apply()                                          # refresh("result"): editor.result is the new layer
    editor.close(), worker.close(), worker.join()
"""
