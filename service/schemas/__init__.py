"""The JSON that clients send and get, and nothing else of the service."""
