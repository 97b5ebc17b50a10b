"""What each endpoint costs in a shop of ten thousand, a hundred thousand and a million products and orders."""
