//! Counting from cores to batches.
