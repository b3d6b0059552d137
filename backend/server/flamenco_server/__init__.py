"""The server of a Flamenco farm: it stores jobs, hands their tasks to managers, and tells everyone how things stand."""
