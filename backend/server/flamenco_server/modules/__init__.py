"""One package a concern: models, service, schemas and views; views call services, services call models."""
