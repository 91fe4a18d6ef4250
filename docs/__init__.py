"""The pages, and the tool that makes those that are generated."""
