"""What people like: their own settings of the dashboard, and the studio's presets for submitting."""
