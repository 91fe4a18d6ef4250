"""What FastAPI sees: one router for each group of routes."""
