"""One training run: its folder, its data, and the stages that it goes through."""
