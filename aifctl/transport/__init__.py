"""Reaching nodes: SSH with asyncssh, host keys, jump hosts, file transfer."""
