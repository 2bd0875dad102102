"""A plug-in for tests: plays a scene inside Krita, as a person would, and writes down what was to be seen.

`ANYCOST_SCENE` names functions of scenes.py, or "module.function", with blanks between: generators that yield what to
wait for (a function that says whether it has come) or for how many seconds. They are played one after another, each in
documents of its own. `ANYCOST_SEEN` is the folder for seen.json and screenshots."""

import faulthandler
import importlib
import json
import os
import time
import traceback
from pathlib import Path

from krita import Extension, Krita
from PyQt5.QtCore import QTimer

MAX_SECONDS = 240.0  # seconds that a scene waits for one thing


class Driver(Extension):
    def setup(self) -> None:
        self.folder = Path(os.environ["ANYCOST_SEEN"])
        self._crash = (self.folder / "crash.txt").open("w")  # where Krita was, when it crashes
        faulthandler.enable(self._crash)
        self.seen: dict = {"version": Krita.instance().version(), "scenes": {}}
        self.names = os.environ["ANYCOST_SCENE"].split()  # of scenes that are still to be played
        notifier = Krita.instance().notifier()
        notifier.setActive(True)
        notifier.windowCreated.connect(lambda *_: QTimer.singleShot(500, self.begin))

    def createActions(self, window) -> None:
        pass

    def begin(self) -> None:
        try:
            from . import krita_user, scenes

            seen = self.seen["scenes"][self.names[0]] = {}
            module, _, name = self.names.pop(0).rpartition(".")
            scene = getattr(importlib.import_module(f".{module}", __name__) if module else scenes, name)
            self.user = krita_user.KritaUser(self.folder, seen)
            self.scene = scene(self.user)
        except BaseException:
            self.end(traceback.format_exc())
            return
        self.ready, self.since = lambda: True, time.monotonic()
        self.step()

    def step(self) -> None:
        try:
            if callable(self.ready):
                if time.monotonic() - self.since > MAX_SECONDS:
                    raise TimeoutError(f"waited for {self.ready} in vain")
                come = self.ready()
            else:
                come = time.monotonic() - self.since >= self.ready
            if come:
                self.ready, self.since = next(self.scene), time.monotonic()
        except StopIteration:
            if self.names:
                self.close_documents()
                QTimer.singleShot(500, self.begin)
            else:
                self.end("")
        except BaseException:
            self.end(traceback.format_exc())
        else:
            QTimer.singleShot(20, self.step)

    def end(self, error: str) -> None:
        self.seen["error"] = error
        if error:
            for window in Krita.instance().windows():
                window.qwindow().grab().save(str(self.folder / "error.png"))
        aside = self.folder / "seen.part"
        aside.write_text(json.dumps(self.seen), encoding="utf-8")
        aside.replace(self.folder / "seen.json")
        self.close_documents()
        QTimer.singleShot(300, lambda: Krita.instance().action("file_quit").trigger())

    def close_documents(self) -> None:
        for document in Krita.instance().documents():
            document.waitForDone()
            document.setModified(False)
            document.setBatchmode(True)
            document.close()


Krita.instance().addExtension(Driver(Krita.instance()))
