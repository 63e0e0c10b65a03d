"""What a person may change about a prediction: from what a network gave to the chroma that is painted."""
