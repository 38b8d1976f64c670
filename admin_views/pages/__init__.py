"""The admin pages: HTML from the server, one module a noun, on the same services and rules as the JSON API."""
