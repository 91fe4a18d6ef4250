"""How good a version is: metrics, comparison, calibration, probes."""
