"""What is remembered: SQLite by default, PostgreSQL by URL, a log of JSON lines beside it that rebuilds either."""
