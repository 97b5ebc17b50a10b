"""The ``stockroom`` command. One module per subcommand; none depends on the database in use."""
