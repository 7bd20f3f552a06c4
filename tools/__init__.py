"""What makes the repository: its pages and manifests, its environment. No part of the operator."""
