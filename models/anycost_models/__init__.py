"""The model library: generators, projection, directions, and the parts they lean on."""
