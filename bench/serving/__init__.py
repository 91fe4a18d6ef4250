"""Compares this service with other model servers: the same weights, text, client and cores."""
