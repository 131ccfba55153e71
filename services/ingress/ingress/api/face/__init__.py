"""The Face API (`face-api.md`): bodies, answers, one handler an endpoint, and the two mounts that serve them."""
