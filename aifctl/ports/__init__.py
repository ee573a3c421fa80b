"""What capabilities need of the world, as Protocols, and the values that cross them."""
