"""Requests to URLs that enterprises have chosen, only to where they may go: what webhooks and xAPI
share."""
