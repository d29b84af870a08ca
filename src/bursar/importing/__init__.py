"""Imports of files: records are read one by one, and stored in batches of one transaction each.

A domain says how a record is read and how a batch is stored (`engine.Import`), and has a table
that remembers how much of each file was imported (`bookmarks.Bookmark`). This package knows no
domain.
"""
