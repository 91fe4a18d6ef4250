"""What a training is asked to do: recipes with their tables, and the plan of one run."""
