"""What transactions cost in gas: noted while tests run, kept in a file, and compared with it."""
