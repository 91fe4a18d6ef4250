"""The service on a Ray cluster: see docs/scaling.md."""
