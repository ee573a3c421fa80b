"""Typer commands, one file per noun: parse options, call one verb, render."""
