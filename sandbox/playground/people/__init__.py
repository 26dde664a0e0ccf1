"""What a visitor does as one of the people: pure translation into the stand-ins' acts."""
