"""The ``stockroom`` command. One module per subcommand; none of them knows which database it speaks to."""
