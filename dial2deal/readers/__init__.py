"""Bytes to a table of text: what kind of file it is, its encoding, its header and its records. Knows no database."""
