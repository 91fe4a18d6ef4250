"""The commands of `python -m training`: a module for each, imported when its command is given."""
