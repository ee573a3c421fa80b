"""The SSH side of a simulated node: listening, the connection, sessions, SFTP."""
