"""This service beside other model servers: the same weights, text, client and cores."""
