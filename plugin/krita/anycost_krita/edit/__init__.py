"""One edit, between document, backend and docker."""
