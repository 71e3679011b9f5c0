"""What is read of RoverBook."""
