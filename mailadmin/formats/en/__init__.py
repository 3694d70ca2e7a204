"""English, unmistakable in Britain and America."""
