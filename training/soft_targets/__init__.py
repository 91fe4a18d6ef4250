"""What teachers say of texts, as files: written part by part, and read to train on."""
