"""Training, scoring and attribution over the lake and the warehouse. The maths lives in `scoring` and `attribution`."""
