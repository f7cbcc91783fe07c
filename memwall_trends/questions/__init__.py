"""What is asked of trends: their ratio, whether they last, what they depend on, and published claims."""
