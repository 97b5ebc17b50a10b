"""Server processes that a test run starts, and that must not outlive it."""
