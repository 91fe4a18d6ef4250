"""Transformer teachers: fine-tune an encoder on labelled reviews, and let it predict soft targets."""
