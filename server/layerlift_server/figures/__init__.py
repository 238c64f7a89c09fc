"""What is counted and measured, and how it is written. Law: numbers; knows nobody who counts."""
