"""Small tools that several modules of the server use: paging, times, the OpenAPI document."""
