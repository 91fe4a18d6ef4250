"""Other services' APIs, answered by the same model: thin routes over `routes/predictor.py`."""
