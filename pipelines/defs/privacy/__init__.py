"""What privacy asks of a clock: requests about persons worked off, and what is past its time removed."""
