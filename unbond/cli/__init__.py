"""What the commands under scripts/ are made of."""
