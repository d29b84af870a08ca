"""Durable background work on DBOS: stored in the application's own database.

A domain describes its work as a `Workflow` (registry.py) whose steps run through `steps.run`,
and enqueues it with a `JobQueue` in the transaction that makes the work necessary. This package
knows no domain; `bursar.work` puts the domains' workflows and the worker together.
"""
