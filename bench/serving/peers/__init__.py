"""The other model servers, each set up for two cores by its documentation.

Every module runs as `python -m bench.serving.peers.<name> PORT FOLDER` in its own environment, which has
PyTorch but not the requirements of this project's service. FOLDER is for files of the server.
"""
