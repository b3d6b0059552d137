"""Files by hash: the site's cache, what workers send up, what they fetch."""
