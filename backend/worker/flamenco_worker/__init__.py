"""The worker: one a machine or GPU. A loop that asks its manager for tasks and runs their commands."""
