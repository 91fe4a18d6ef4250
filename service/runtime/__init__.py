"""What lives as long as the process: the loaded model, readiness, draining."""
