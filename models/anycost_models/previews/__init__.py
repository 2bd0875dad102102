"""What is known of sub-generators as previews: fidelity, latency, how strongly attributes show."""
