"""Edit Face for Krita: a docker with sliders for the faces of a layer, and the backend's way into Krita's documents."""

import sys
from pathlib import Path

# The installer puts anycost_client into `vendor`, and pyzmq into a folder for each Python: 3.12's serves later ones.
_VENDOR = Path(__file__).parent / "vendor"
_ZMQ = _VENDOR / "cp{}{}".format(*min(sys.version_info[:2], (3, 12)))
for _folder in (_ZMQ, _VENDOR):
    if _folder.is_dir() and str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

try:
    from krita import Krita
except ImportError:  # outside Krita: the parts can be used one by one
    pass
else:
    from anycost_krita.docker.extension import register

    register(Krita.instance())
