"""A recorded sequence of requests, and the responses that every storage must give, byte for byte."""
