"""The bodies of the dialects: those of other services' APIs, read to reviews and written from predictions."""
