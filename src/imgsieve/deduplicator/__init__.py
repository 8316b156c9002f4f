"""The classes of the Python interface: thin faces of the one engine, and what they share."""
