"""The command line. Heavy rooms are imported inside the commands, so that help is there at once."""
