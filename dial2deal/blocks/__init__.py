"""Blocks: what reports, quality page, workbook, JSON and later the studio share. Typed data in, one renderer per medium.

A renderer knows the kinds of `kinds`, never the section that one of them is. See docs/dev/blocks.md.
"""
