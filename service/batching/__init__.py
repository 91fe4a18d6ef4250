"""From the reviews of many requests to batches and back. It knows neither HTTP nor settings."""
