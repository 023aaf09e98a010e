"""The documentation, part of it generated from the code it describes."""
