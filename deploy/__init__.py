"""What runs the service: see docs/deployment.md, docs/kubernetes.md and docs/scaling.md."""
