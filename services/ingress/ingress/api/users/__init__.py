"""Users 1:N (`users-1n.md`): translation between its HTTP and the platform's jobs. The endpoints are in `routes`."""
