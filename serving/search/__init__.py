"""Search over everything that has words, in Danish and in English. What a record is, its own domain knows."""
