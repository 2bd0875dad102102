"""A bug report to copy: versions, state, the last log lines; nothing of the image or the person."""

import platform
import sys

from anycost_client.backend.backend_process import Backend
from anycost_client.core.redact import redact
from anycost_client.edit.editor import Editor
from anycost_client.process.log_file import tail
from anycost_client.protocol.messages import PROTOCOL
from anycost_client.transport.channel import has_zmq


def report(editor: Editor, backend: Backend) -> str:
    """Several lines of redacted text."""
    welcome, problem = editor.welcome, editor.problem
    lines = [
        f"host: {backend.program or 'unknown'}",
        f"system: {platform.platform()}, Python {sys.version.split()[0]}, pyzmq: {'yes' if has_zmq() else 'no'}",
        f"backend: {welcome.program if welcome else 'none'}, model {welcome.model if welcome else 'none'}",
        f"protocol: {PROTOCOL}, state: {editor.state.value}, faces: {len(editor.faces)}",
        f"preview: {editor.quality or 'none'}",
        f"problem: {f'{problem.reason}: {problem.cause}: {problem.remedy}' if problem else 'none'}",
        "log:",
        tail(backend.log).rstrip() or "(empty)",
    ]
    return redact("\n".join(lines)) + "\n"
