pytest_plugins = ["testing.databases.plugin"]
