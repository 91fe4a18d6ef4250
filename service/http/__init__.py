"""One request's bytes: what every request passes, and the form of bodies and errors. It knows no model."""
