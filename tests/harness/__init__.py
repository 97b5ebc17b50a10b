"""Real databases for the tests: found or started once per run, and available to every test that uses a storage."""
