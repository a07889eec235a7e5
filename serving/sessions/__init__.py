"""Sessions of the caller: seen and ended. How they begin is the sign-in desk's affair."""
