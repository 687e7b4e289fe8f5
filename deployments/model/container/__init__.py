"""What runs inside the endpoint's container, on its own: nothing here imports our packages."""
