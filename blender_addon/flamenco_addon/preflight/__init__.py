"""What is wrong with a scene, found before anything is sent."""
