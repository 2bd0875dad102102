"""The parts of a head: hair, skin, neck, clothes … in what the generator draws and in photographs."""
