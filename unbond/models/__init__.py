"""Reference models: the rules of each system a second time, in plain Python."""
