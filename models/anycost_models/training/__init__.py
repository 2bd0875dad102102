"""What makes weights: each stage is one file that can be run again from what is committed."""
