"""The one exception whose text is meant for the person at the keyboard."""


class AnycostError(Exception):
    """Something the user caused and can mend: the message names the cause and the remedy, on one line.

    Front ends print it and exit with 2 (command line) or show it (editors). Everything else that is raised is a bug.
    """
