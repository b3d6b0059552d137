"""The farm's settings, which admins change while it runs, and the render-settings presets."""
