"""Whether the service would work here, with these settings: `python -m service doctor`."""
