"""How our flows run in an AWS Lambda function: what differs there, and nothing else.

place   where such a function may write, and what it need not load.
events  what an event asks for.
orders  a batch of messages, each with an outcome of its own.
engine  with Prefect where its API answers, without it where not; everything told before the function returns.
"""
