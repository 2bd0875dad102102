"""Model files of other projects, and imported models: fetched, checked, converted, stored."""
