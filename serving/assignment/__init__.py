"""Assignment: who gets a lead or a deal, by rules in turn or by load, or by hand.

How leads are kept is their own affair."""
