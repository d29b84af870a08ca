"""The console: pages for administrators and operators, over the same services as the API."""
