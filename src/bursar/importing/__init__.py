"""Imports of files, whatever they hold: read a record at a time, stored a batch a transaction.

A domain says how a record is read and how a batch is stored (`engine.Import`), and keeps a table of
how far each file has come (`bookmarks.Bookmarks`). This room knows no domain.
"""
