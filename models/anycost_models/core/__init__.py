"""What everything else rests on: errors, paths, whole-or-nothing files, tables, conversions, timing."""
