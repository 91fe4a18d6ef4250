"""This service beside other model servers: the same weights, the same text, the same client, the same cores."""
