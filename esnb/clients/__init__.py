"""The clients of the two servers, made so that a notebook can interrupt, fork and outlive them."""
