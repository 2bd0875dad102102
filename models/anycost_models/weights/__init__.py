"""The embedded model's files, shipped with this package."""

from pathlib import Path

EMBEDDED_GENERATOR = Path(__file__).parent / "mobile.safetensors"
EMBEDDED_DIRECTIONS = Path(__file__).parent / "directions.safetensors"
EMBEDDED_ENCODER = Path(__file__).parent / "encoder.safetensors"
EMBEDDED_CURVATURE = Path(__file__).parent / "curvature.safetensors"
