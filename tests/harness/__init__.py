"""Real databases for the tests: found or started once per run, offered to every test that asks for a storage."""
