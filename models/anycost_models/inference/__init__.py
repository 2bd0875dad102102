"""Runs ONNX graphs without torch."""
