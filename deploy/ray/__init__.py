"""The service on a Ray cluster: see docs/measurements/scaling.md."""
