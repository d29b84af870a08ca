from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("bursar-client")
except PackageNotFoundError:  # a checkout that is not installed
    VERSION = "0"
USER_AGENT = f"bursar-client/{VERSION}"
