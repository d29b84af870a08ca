"""Webhooks: endpoints that are told of events by signed requests (Standard Webhooks 1.0)."""
