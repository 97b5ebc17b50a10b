"""Authentication and authorization of requests, where ``AUTH=required``."""
