"""Reports that an enterprise is sent at times that it chose."""
