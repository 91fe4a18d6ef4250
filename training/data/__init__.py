"""From reviews to a data set: labels, splits, generated sentences, near-duplicates."""
