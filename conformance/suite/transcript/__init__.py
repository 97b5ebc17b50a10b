"""A recorded conversation with the shop: what is asked, and what every storage must answer to it, byte for byte."""
