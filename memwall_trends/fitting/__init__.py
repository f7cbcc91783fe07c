"""Fitting: a line through log10(value) on the date, its intervals, and what they say of growth."""
