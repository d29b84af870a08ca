"""Events: what happened, published once by the domain that changed it, in the same transaction.

A domain declares its events as subclasses of `Event` (event.py) and publishes them with `publish`
(service.py). One table, `bursar.work.news_of`, says which subscribers are called for which event.
"""
