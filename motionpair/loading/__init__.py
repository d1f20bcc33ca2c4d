"""Reading a dataset for training: an index, blobs by offset, decoding, and the order of samples."""
