"""The backend as the client sees it: a supervised process, owned by one thread."""
