"""The caller as a person: who he is, his password and his second factors."""
