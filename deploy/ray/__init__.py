"""The service on a Ray cluster: see docs/ray.md."""
