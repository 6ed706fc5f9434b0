"""Classical segmenters: one file each, arrays in, labelmap out."""
