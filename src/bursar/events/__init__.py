"""News: what happened, published once by the domain that did it, in the transaction of the change.

A domain declares its events as subclasses of `Event` (event.py) and tells them with `publish`
(service.py). The composition says who wants to know, in one table: `bursar.work.subscriptions`.
"""
