"""Asks two services the same questions of the documented API, and finds where they differ.

It knows no domain: the other service may be one that Bursar takes the place of.
"""
