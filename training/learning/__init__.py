"""Fitting a network, with PyTorch alone."""
