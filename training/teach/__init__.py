"""A transformer as the teacher: fine-tune an encoder on labelled reviews, and write its soft targets."""
