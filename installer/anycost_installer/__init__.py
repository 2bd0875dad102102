"""Sets Anycost Face Editor up on a machine. Standard library only."""
