"""`make bench`: figures with the floor they are measured against, from the same run."""
