"""The embedded model's files, shipped with this package."""

from pathlib import Path

EMBEDDED_GENERATOR = Path(__file__).parent / "mobile.safetensors"
EMBEDDED_DIRECTIONS = Path(__file__).parent / "directions.safetensors"
