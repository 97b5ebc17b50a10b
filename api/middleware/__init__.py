"""What wraps every request: one job per module."""
