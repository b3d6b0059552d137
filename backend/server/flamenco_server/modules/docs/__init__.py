"""The API's own description, and a page to browse and try it."""
