"""What we think it is: category, owner, kind, sentiment, emotion and urgency of each message, with reasons."""
