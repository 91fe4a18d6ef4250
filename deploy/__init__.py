"""What runs the service: see docs/deploy.md, docs/kubernetes.md and docs/ray.md."""
