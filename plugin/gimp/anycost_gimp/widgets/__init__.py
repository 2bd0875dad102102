"""The parts of the dialog: each shows what it is given and tells what the user did, and knows no other."""
