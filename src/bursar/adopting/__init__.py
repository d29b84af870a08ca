"""Moving in: what the services before Bursar can give, read from their dumps.

`dumps` reads the files, `shapes` says how what is known of them looks, and `staging` keeps it in a
file beside until it is needed. A module for each old service names its models; one for each noun
says what becomes of them. `service` goes through the enterprises, each in one transaction.
"""
