"""Files of soft targets, the predictions of teachers: written part by part, and read for training."""
