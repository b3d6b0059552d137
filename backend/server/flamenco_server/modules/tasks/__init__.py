"""Tasks, their runs and their outputs, as rows and as answers to people."""
