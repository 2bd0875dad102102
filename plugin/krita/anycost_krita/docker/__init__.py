"""The docker and Krita's menu entries."""
