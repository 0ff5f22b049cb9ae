"""What `kubectl describe` writes about each kind."""
