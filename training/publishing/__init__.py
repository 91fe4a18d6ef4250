"""From a trained network to the draft of a version, with its model card and report."""
