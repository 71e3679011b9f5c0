"""What changes in RoverBook."""
