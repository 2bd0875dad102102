"""Edit Face for GIMP 3: a dialog with sliders for the faces of a layer, and a procedure for scripts and batches."""
