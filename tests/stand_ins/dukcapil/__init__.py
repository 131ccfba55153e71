"""A stand-in for Dukcapil, for tests: it knows a few people, and does what it is told to.

Its face recognition answers word for word as the document does, and its biographic check element by element.
"""
