"""All input and output. One adapter never imports another."""
