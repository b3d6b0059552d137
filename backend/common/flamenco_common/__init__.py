"""What every component of Flamenco agrees on: words, states, documents and the job-authoring API."""
