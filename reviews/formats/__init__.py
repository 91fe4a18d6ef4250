"""One module a format: each opens a file as a `RowStream`."""
