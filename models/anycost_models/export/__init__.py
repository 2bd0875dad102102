"""Networks as ONNX graphs, and their cache."""
