"""Networks as ONNX graphs, and where they are kept."""
