"""Claims and reports: the two hot paths between the managers and the database."""
