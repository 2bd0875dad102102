"""Messages, and how they are encoded."""
