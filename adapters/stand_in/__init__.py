"""What lets the AWS stand-in outlive its process: a journal of every write that was answered."""
