"""The other model servers, each as a careful user of its documentation would set it up for two cores.

Every module runs as `python -m bench.serving.peers.<name> PORT FOLDER` in an environment of its own, which
has PyTorch but not what this project's service needs; FOLDER is for the files that the server wants.
"""
