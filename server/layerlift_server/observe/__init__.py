"""Logs, counters and measurements. Law: writes down what it is told; decides nothing."""
