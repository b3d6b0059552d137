"""A site's manager: its workers, their work, files and logs."""
